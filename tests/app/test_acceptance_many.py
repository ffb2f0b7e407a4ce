"""Five hundred containers: all of them are there, and the last one is one key away."""

from __future__ import annotations

import pytest

from tests.app.support import running


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_five_hundred_rows(size: tuple[int, int]) -> None:
    async with running(size=size, containers=500) as app:
        names = app.names()
        assert len(names) == 500
        assert set(names) == {container.name for container in app.demo.world.containers.values()}
        await app.until_text(" 500")
        await app.press("G")
        await app.until_text(names[-1][:12], app.pane())
        assert names[0] not in app.text(app.pane()).split()
        table = app.pane().table
        assert table.model.cursor == 499
        await app.press("g")
        await app.until_text(names[0][:12], app.pane())
        # Every row can be reached, and shows.
        seen: set[str] = set()
        for _ in range(100):
            visible = set(table.visible_keys())
            seen |= {model.name for key, model in app.pane().source().items() if key in visible}
            if len(seen) == 500:
                break
            await app.press("pagedown")
        assert seen == set(names)


async def test_quitting_in_a_storm_is_clean() -> None:
    """Quit while changes are on their way to panes that are being taken down."""
    for number in range(4):
        async with running() as app:
            for made in range(5 * number):
                app.demo.world.add_container(name=f"storm-{made}")
            await app.press("q")
            await app.until(lambda app=app: not app.app.is_running, "the end")  # type: ignore[misc]
            assert app.app.return_code == 0
