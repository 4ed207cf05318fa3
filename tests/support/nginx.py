"""A real nginx in front of a service, as users have one, with time-outs that fit a test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.launcher.redis_server import free_port
from scripts.nginx import nginx_path
from tests.support.serving import PATIENCE_SECONDS, until

CONFIGURATION = """
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format brief '$status $request_method $request_uri';
  access_log {folder}/access.log brief;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream};
      {lines}
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running proxy."""

    url: str
    folder: Path

    def statuses(self) -> list[int]:
        """Statuses of the answers to POST so far, in order."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [int(line.split()[0]) for line in lines if line.split()[1] == "POST"]


@contextmanager
def proxying(upstream: str, folder: Path, lines: str) -> Iterator[Nginx]:
    """Run nginx until the block ends; `lines` go into its location."""
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=folder, port=port, upstream=upstream, lines=lines), "utf-8"
    )
    command = [nginx_path(), "-p", str(folder), "-c", str(configuration), "-g", "daemon off;"]
    process = subprocess.Popen([*command, "-e", str(folder / "error.log")])
    try:
        until(lambda: (folder / "nginx.pid").is_file() or process.poll() is not None)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield Nginx(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
