"""Tomcat, as Debian packages it, in a folder and a process of its own."""

from pathlib import Path

import pytest

from tests.end_to_end.house import House
from tests.end_to_end.processes import Process, installed

HOME = Path("/usr/share/tomcat10")
CLASSES = f"{HOME}/bin/bootstrap.jar:{HOME}/bin/tomcat-juli.jar:/usr/share/java/eclipse-jdt-core.jar"
# What makes it start sooner, at the price of a speed that nobody asks for here.
QUICKLY = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.security.egd=file:/dev/urandom")

SERVER = """\
<Server port="-1">
  <Service name="Catalina">
    <Connector address="127.0.0.1" {connector}/>
    <Engine name="Catalina" defaultHost="localhost" jvmRoute="{route}">
      <Host name="localhost" appBase="webapps"/>
    </Engine>
  </Service>
</Server>
"""
APPLICATION = """\
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
  </servlet>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
</web-app>
"""


class Tomcat:
    """An instance with all of its files in `folder`; `pages` are JSPs by name. Without Tomcat the test is skipped."""

    def __init__(self, folder: Path, connector: str, route: str = "", pages: dict[str, str] | None = None) -> None:
        if not HOME.exists():
            pytest.skip("tomcat10 is not installed")
        self._folder = folder
        for name in ("conf", "temp", "logs", "webapps/ROOT/WEB-INF"):
            (folder / name).mkdir(parents=True)
        (folder / "conf/server.xml").write_text(SERVER.format(connector=connector, route=route))
        (folder / "webapps/ROOT/WEB-INF/web.xml").write_text(APPLICATION)
        for name, text in (pages or {}).items():
            (folder / "webapps/ROOT" / name).write_text(text)

    def start(self, house: House) -> Process:
        """Start it, for the first time or once more."""
        places = {"catalina.home": HOME, "catalina.base": self._folder, "java.io.tmpdir": self._folder / "temp"}
        options = [f"-D{name}={place}" for name, place in places.items()]
        words = ["-cp", CLASSES, *QUICKLY, *options, "org.apache.catalina.startup.Bootstrap", "start"]
        return house.run(self._folder, installed("java"), *words)
