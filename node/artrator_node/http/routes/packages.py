"""Bought packages: what is in one, its files, and that the buyer has it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from artrator.messages.node import Job, PackageFiles
from artrator_node.fetching.door import Shown
from artrator_node.http.packages import Packages, shown


def package_routes(packages: Packages) -> APIRouter:
    """What is at ``/v1/packages``."""
    router = APIRouter(prefix="/v1/packages/{package}")

    @router.get("", response_model=PackageFiles, summary="A bought package's signed list of files")
    async def files(package: str, request: Request) -> PackageFiles:
        return await packages.files(package, _shown(request))

    @router.get("/files/{sha256}", summary="One file of a bought package, or a range of it")
    async def file(package: str, sha256: str, request: Request) -> Response:
        return await packages.file(package, sha256, _shown(request), request.headers.get("range"))

    @router.get("/tables/{sha256}", summary="The digests of one sealed file's chunks")
    async def package_table(package: str, sha256: str, request: Request) -> Response:
        return Response(await packages.table(package, sha256, _shown(request)), media_type="application/octet-stream")

    @router.put("/fetched", response_model=Job, summary="The buyer has the whole package")
    async def fetched(package: str, request: Request) -> Job:
        return await packages.fetched(package, _shown(request))

    return router


def _shown(request: Request) -> Shown:
    return shown(request.method, request.url.path, request.headers)
