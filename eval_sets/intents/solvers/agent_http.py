"""The agent behind an address: python agent_http.py 9000. Any server in any language can stand in its place."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from my_agent import decide


class Agent(BaseHTTPRequestHandler):
    """Answers POST /solve."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read {"id", "input", "trial", "seed"}, write the answer."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.path == "/solve"
        answer = json.dumps(decide(request["input"]["text"]) if found else {"error": "post to /solve"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Agent)
    print(f"listening on http://127.0.0.1:{server.server_address[1]}/solve", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
