/** A process and its output, once it has ended. */
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param onOutput called with all output so far, whenever there is more */
export async function ended(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
  onOutput: (shown: Omit<Ended, 'status'>) => void,
): Promise<Ended> {
  const shown = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      shown[stream] += text;
      onOutput(shown);
    });
  }
  const status = await new Promise<number | null>((done) => child.on('close', done));
  return { status, ...shown };
}
