"""Files on their way, made through the API and the store as a browser does."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from typing import Any

import pikepdf
import urllib3
from flask.testing import FlaskClient
from PIL import Image


def pdf(pages: int = 1, *, filler: bytes = b"", **saving: Any) -> bytes:
    """A real PDF of blank pages; `filler` makes it as large as wanted, `saving` goes to pikepdf (encryption …)."""
    document, out = pikepdf.new(), io.BytesIO()
    for _ in range(pages):
        document.add_blank_page()
    if filler:
        document.pages[0].Contents = document.make_stream(filler)
    document.save(out, compress_streams=False, deterministic_id="encryption" not in saving, **saving)
    return out.getvalue()


def jpeg(width: int = 64, height: int = 48) -> bytes:
    """A real photograph, as small as wanted."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "steelblue").save(out, "JPEG")
    return out.getvalue()


_http = urllib3.PoolManager(maxsize=8)


def put(url: str, body: bytes) -> str:
    """PUT bytes to a pre-signed address; the ETag the store answers, with its quotes."""
    answer = _http.request("PUT", url, body=body, retries=False)
    assert answer.status == 200, answer.data[:500]
    return answer.headers["ETag"]


@dataclass
class Sender:
    """A program that uploads with a bearer token, or a browser; `base` is where its kind of file is begun."""

    client: FlaskClient
    headers: dict[str, str]
    base: str = "/api/v1/uploads"

    def create(self, name: str, size: int, *, purpose: str = "question_bank", subject: uuid.UUID | None = None) -> Any:
        """`POST /uploads`: the answer."""
        body: dict[str, Any] = {"name": name, "size": size, "purpose": purpose}
        if subject:
            body["subject_id"] = str(subject)
        return self.client.post(self.base, json=body, headers=self.headers)

    def send(self, ticket: dict[str, Any], content: bytes) -> list[dict[str, Any]]:
        """PUT all parts; what completion names."""
        size = ticket["part_size"]
        return [
            {"number": part["number"], "etag": put(part["url"], content[(part["number"] - 1) * size :][:size])}
            for part in ticket["parts"]
        ]

    def complete(self, upload_id: str, parts: list[dict[str, Any]]) -> Any:
        """`POST /uploads/{id}/complete`: the answer."""
        return self.client.post(f"{self.base}/{upload_id}/complete", json={"parts": parts}, headers=self.headers)

    def status(self, upload_id: str) -> dict[str, Any]:
        """`GET /uploads/{id}`: the body."""
        answer = self.client.get(f"{self.base}/{upload_id}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def upload(
        self, name: str, content: bytes, *, purpose: str = "question_bank", subject: uuid.UUID | None = None
    ) -> str:
        """All of it; the id of the upload, which is then received."""
        created = self.create(name, len(content), purpose=purpose, subject=subject)
        assert created.status_code == 201, created.text
        ticket = created.get_json()
        completed = self.complete(ticket["id"], self.send(ticket, content))
        assert completed.status_code == 202, completed.text
        return str(ticket["id"])
