"""Shows a job that runs (a pull) in a dialog that can be closed without ending it."""

from __future__ import annotations

from textual import on

from tui.dispatch.dispatcher import Dispatcher
from tui.dispatch.jobs import Job, JobState
from tui.keyqueue import Hold, KeyQueue
from widgets.dialog.progress import ProgressDialog

_WHOLE = frozenset({"Verifying Checksum", "Download complete", "Pull complete", "Already exists"})


class JobDialog(ProgressDialog):
    """The progress of one job."""

    def __init__(self, dispatcher: Dispatcher, job: Job) -> None:
        """For this job."""
        super().__init__(job.title)
        self._dispatcher = dispatcher
        self._job = job

    def on_mount(self) -> None:
        """Follow the job for as long as the dialog is open."""
        self._stop = self._dispatcher.listen(self._show)
        self._show()

    def on_unmount(self) -> None:
        """The job goes on by itself."""
        self._stop()

    @on(ProgressDialog.CancelRequested)
    def _cancel(self, event: ProgressDialog.CancelRequested) -> None:
        event.stop()
        self._dispatcher.cancel(self._job)

    def _show(self) -> None:
        job = self._job
        for layer, progress in job.layers.items():
            current, total = progress.current or 0, progress.total or 0
            if progress.status in _WHOLE and not total:
                # Engines name the last step of a layer without numbers: then all of it is there.
                bar = self.bars.get(layer)
                current = total = max(1, bar.total if bar is not None else 0)
            self.update_bar(layer, progress.status, current, total)
        self.set_line(job.status)
        if not job.running:
            self.finish(_how_it_ended(job), ok=job.state is JobState.DONE)


def _how_it_ended(job: Job) -> str:
    if job.state is JobState.CANCELLED:
        return "stopped, as you asked"
    if job.error is None:
        return job.status or job.state.value
    hint = f" → {job.error.hint}" if job.error.hint else ""
    return f"{job.error.detail or job.error}{hint}"


async def follow_job(app: KeyQueue[int], dispatcher: Dispatcher, job: Job, hold: Hold) -> None:
    """Show the job's progress until its dialog is closed."""
    await app.ask(JobDialog(dispatcher, job), hold)
