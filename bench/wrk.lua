-- What wrk sends besides what its command line says, and how it tells what it has measured.
-- The one argument is the size of a POST's body in bytes; 0 leaves it a GET.

function init(arguments)
  local size = tonumber(arguments[1])
  if size > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("x", size)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "sample requests=%d microseconds=%d bytes=%d errors=%d p50=%d p99=%d\n",
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
