"""`stepwell kubernetes`: generate what the Kubernetes operators are told from the code."""

from typing import Annotated

import typer

from stepwell.kubernetes import files
from stepwell.runtime.problem import CHECK_FAILED, Problem


def command(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is out of date.")
    ] = False,
) -> None:
    """Write topics, principals, databases, scaling, network paths and routes to
    `deploy/k8s/base/generated`."""
    if check and (stale := files.outdated()):
        raise Problem(
            f"Out of date: {', '.join(stale)}. Run `stepwell kubernetes`.", exit_code=CHECK_FAILED
        )
    changed = [] if check else files.write()
    for name in changed:
        typer.echo(f"deploy/k8s/base/generated/{name}")
    typer.echo(f"{len(changed)} of {len(files.generated())} files changed.")
