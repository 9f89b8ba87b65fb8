"""`stepwell kubernetes`: generate what follows from the code in `deploy/k8s`, and render it."""

from typing import Annotated

import typer

from stepwell.kubernetes import files, rendering
from stepwell.runtime.problem import CHECK_FAILED, Problem


def command(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is out of date.")
    ] = False,
) -> None:
    """Write topics, principals, databases, scaling, network paths and routes to
    `deploy/k8s/base/generated`, and both overlays as kustomize makes them to `deploy/k8s/rendered`.

    Rendering needs kustomize or kubectl, and is done when a file changed.
    """
    generated, rendered = (
        (files.outdated(), rendering.outdated()) if check else (files.write(), rendering.write())
    )
    changed = [f"base/generated/{path}" for path in generated]
    changed += [f"{rendering.RENDERED}/{overlay}.yaml" for overlay in rendered]
    if check and changed:
        raise Problem(
            f"Out of date: {', '.join(changed)}. Run `stepwell kubernetes`.",
            exit_code=CHECK_FAILED,
        )
    for path in changed:
        typer.echo(f"deploy/k8s/{path}")
    typer.echo(f"{len(changed)} of {len(files.generated()) + len(rendering.OVERLAYS)} changed.")
