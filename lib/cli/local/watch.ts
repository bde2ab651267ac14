/** Shows the progress of a run on this machine. */
import type { Clock, ObserveProgress } from '../../../functions/core/ports.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { advance, heartbeat, line, NO_PROGRESS, screen } from './progress.ts';

/** A display of what is observed, until it is stopped. */
export function watchProgress(
  terminal: Terminal,
  clock: Clock,
): { readonly observe: ObserveProgress; stop(): void } {
  let progress = NO_PROGRESS;
  const display = terminal.live({
    screen: (lines) => screen(progress, clock.now(), lines),
    heartbeat: () => heartbeat(progress, clock.now()),
  });
  return {
    observe(event) {
      progress = advance(progress, event, clock.now());
      const text = line(progress, event, clock.now());
      if (text !== null) display.note(text);
    },
    stop: display.stop,
  };
}
