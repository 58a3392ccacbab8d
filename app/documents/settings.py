"""Settings of documents: fonts, signing keys, the timestamp authority. The environment wins over `.sheping/env`.

Read apart from `app.config`, because `sheping documents sample` and `verify` must work where nothing else is set up.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import current_app, has_app_context

from app.config import ROOT, data_dir, read_env_file

_NPM = ROOT / "node_modules" / "@expo-google-fonts"
DEFAULT_FONTS = tuple(
    _NPM / family / weight
    for family in ("noto-serif-sc", "noto-sans-sc")
    for weight in ("400Regular", "700Bold")
)  # fmt: skip


@dataclass(frozen=True)
class DocumentSettings:
    """`keys`: a folder of `<authority code>.p12` (or `default.p12`); or a PKCS#11 module. `trust` and `crls`: PEM or
    DER files, or folders of them. `demo_keys` allows the demo authority where neither is configured."""

    home: Path
    fonts: tuple[Path, ...] = DEFAULT_FONTS
    keys: Path | None = None
    keys_password: str = ""
    pkcs11_module: str = ""
    pkcs11_token: str = ""
    pkcs11_pin: str = ""
    pkcs11_label: str = "{authority}"
    trust: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    tsa_url: str = ""
    tsa_timeout: int = 10
    public_url: str = "http://127.0.0.1:8000"
    bucket_prefix: str = "sheping"
    demo_keys: bool = True


def load(environ: Mapping[str, str] | None = None, *, demo_keys: bool | None = None) -> DocumentSettings:
    """Read the settings; nothing is required, what is wrong shows when it is used."""
    source = os.environ if environ is None else environ
    home = data_dir(source)
    values = {**read_env_file(home / "env"), **source}
    key_folder = values.get("DOCUMENT_KEYS", "")
    module = values.get("DOCUMENT_PKCS11_MODULE", "")
    timeout = values.get("TSA_TIMEOUT", "")
    is_demo = values.get("DEMO", "").lower() in {"1", "true", "yes"}
    return DocumentSettings(
        home=home,
        fonts=_paths(values.get("DOCUMENT_FONTS", "")) or DEFAULT_FONTS,
        keys=Path(key_folder) if key_folder else None,
        keys_password=values.get("DOCUMENT_KEYS_PASSWORD", ""),
        pkcs11_module=module,
        pkcs11_token=values.get("DOCUMENT_PKCS11_TOKEN", ""),
        pkcs11_pin=values.get("DOCUMENT_PKCS11_PIN", ""),
        pkcs11_label=values.get("DOCUMENT_PKCS11_LABEL", "") or "{authority}",
        trust=_paths(values.get("DOCUMENT_TRUST", "")),
        crls=_paths(values.get("DOCUMENT_CRLS", "")),
        tsa_url=values.get("TSA_URL", ""),
        tsa_timeout=int(timeout) if timeout.isdigit() else 10,
        public_url=(values.get("PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
        bucket_prefix=values.get("BUCKET_PREFIX") or "sheping",
        demo_keys=is_demo if demo_keys is None else demo_keys,
    )


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part) for part in text.split(os.pathsep) if part)


def current() -> DocumentSettings:
    """The settings of the running application, else of the environment.

    `DOCUMENTS` of the application's configuration replaces them as a whole.
    """
    if not has_app_context():
        return load()
    given = current_app.config.get("DOCUMENTS")
    if isinstance(given, DocumentSettings):
        return given
    service = current_app.config["SHEPING"]
    return load(
        {
            **os.environ,
            "SHEPING_HOME": str(service.home),
            "PUBLIC_URL": service.public_url,
            "BUCKET_PREFIX": service.bucket_prefix,
            "DEMO": "1" if service.demo else "",
        }
    )
