from tests.http.channels import ChannelTestCase


class AnsweringTests(ChannelTestCase):
    def test_with_length(self) -> None:
        """An answer of known length carries it, head and body in one write, and the connection stays."""
        writes: list[bytes] = []
        handler = self.get()
        write, self.client.protocol._write = self.client.protocol._write, writes.append
        handler.answer(b"hello")
        self.assertEqual([b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello"], writes)
        self.client.protocol._write = write
        self.assertEqual(["begin", "answered"], handler.told)
        self.assertFalse(self.client.dropped)

    def test_chunked(self) -> None:
        """An answer of unknown length is chunked, empty parts left out."""
        channel = self.get().channel
        channel.start(200, b"OK", [], None)
        channel.write([b"abc", b"", b"de"])
        channel.flush()
        self.assertEqual(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n", self.client.received()
        )
        channel.end()
        self.assertEqual(b"0\r\n\r\n", self.client.received())

    def test_http10(self) -> None:
        """An HTTP/1.0 client gets no chunks: a body of unknown length ends with the connection."""
        self.get(b"1.0", b"Connection: keep-alive\r\n").answer(b"hello", length=None)
        self.assertEqual(b"HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nhello", self.client.received())
        self.assertTrue(self.client.dropped)

    def test_http10_keep_alive(self) -> None:
        """An HTTP/1.0 connection stays if the client asked for it, and is told so."""
        self.get(b"1.0", b"Connection: keep-alive\r\n").answer(b"hello")
        self.assertIn(b"Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", self.client.received())
        self.assertFalse(self.client.dropped)
        self.get(b"1.0").answer()
        self.assertIn(b"Connection: close\r\n\r\n", self.client.received())
        self.assertTrue(self.client.dropped)

    def test_without_body(self) -> None:
        """HEAD, 204 and 304 get no body; the length stays where it tells of another answer."""
        for method, status, line in (
            (b"HEAD", 200, b"Content-Length: 5\r\n"),
            (b"GET", 304, b"Content-Length: 5\r\n"),
            (b"GET", 204, b""),
        ):
            self.get(method=method).answer(b"hello", status)
            self.assertEqual(b"HTTP/1.1 %d OK\r\nX: y\r\n" % status + line + b"\r\n", self.client.received())

    def test_close(self) -> None:
        """A client that asks to close is told so, and gets its answer first."""
        self.get(fields=b"Connection: close\r\n").answer(b"hello")
        self.assertTrue(self.client.received().endswith(b"Content-Length: 5\r\nConnection: close\r\n\r\nhello"))
        self.assertTrue(self.client.dropped)

    def test_number_of_requests(self) -> None:
        """The last of `keepalive_requests` answers closes the connection."""
        for number in range(1, 6):
            handler = self.get()
            self.assertEqual(number, handler.channel.requests)
            handler.answer()
        self.assertIn(b"Connection: close", self.client.received())
        self.assertTrue(self.client.dropped)

    def test_bytes_sent(self) -> None:
        """What was sent is counted for each answer by itself."""
        for body in (b"hello", b"hi"):
            handler = self.get()
            handler.answer(body)
            self.assertEqual(len(self.client.received()), handler.channel.bytes_sent)
