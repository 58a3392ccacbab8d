"""Addresses of the built front end: `asset('app.js')` in a template, through esbuild's manifest.

Names carry a hash of their content, so that a browser may keep them for a year and still never shows an old one.
"""

import json
from pathlib import Path

from flask import Flask, Response, url_for

DIST = Path(__file__).resolve().parent.parent / "static" / "dist"
NOT_BUILT = "front end not built: run `npm ci && npm run build`"


class AssetsNotBuilt(RuntimeError):
    """The front end, or the named piece of it, is not in `app/static/dist`."""


class Manifest:
    """What esbuild wrote last; read again when the file changes, so that `npm run dev` needs no restart."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "manifest.json"
        self._stamp: int | None = None
        self._names: dict[str, str] = {}

    def name_of(self, asset: str) -> str:
        """The hashed file name of `asset`. Raises AssetsNotBuilt."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._names = json.loads(self._path.read_text(encoding="utf-8"))
                self._stamp = stamp
            return self._names[asset]
        except (FileNotFoundError, KeyError) as error:
            raise AssetsNotBuilt(f"{asset}: {NOT_BUILT}") from error


def init_app(app: Flask) -> None:
    """Give templates `asset()` and answer a missing front end with one clear line instead of a broken page."""
    manifest = Manifest(DIST)

    def asset(name: str) -> str:
        return url_for("static", filename=f"dist/{manifest.name_of(name)}")

    def answer_not_built(error: AssetsNotBuilt) -> Response:
        app.logger.error("assets_not_built: %s", error)
        return Response(f"{error}\n", status=503, mimetype="text/plain")

    app.jinja_env.globals["asset"] = asset
    app.register_error_handler(AssetsNotBuilt, answer_not_built)
