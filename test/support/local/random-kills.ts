/** Syncs of one output directory that are killed with SIGKILL at random moments, until so many kills have fallen. */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../model/random.ts';
import type { Bench } from './local-bench.ts';
import { type SyncProcessOptions, startSyncProcess } from './sync-process.ts';

export interface RandomKills extends SyncProcessOptions {
  readonly random: Random;
  readonly kills: number;
  /** Requests of a process before its kill, at most. */
  readonly mostRequests: number;
  /** Milliseconds of ours from that request to the kill, at most: so that it falls on what sends no requests, too. */
  readonly mostMs: number;
  /** Called after each process, with the kills so far and whether it ended before its kill. */
  readonly between: (kills: number, isEnded: boolean) => Promise<void>;
}

export interface Killed {
  /** Where each kill fell: all requests until then, and the last one, without ids. */
  readonly kills: readonly { readonly requests: number; readonly last: string }[];
  /** Processes that ended before their kill. */
  readonly ended: number;
}

const POLL_MS = 2;

const routeOf = ({ requestLog }: Bench['simulator']): string => {
  const last = requestLog.at(-1);
  if (last === undefined) return 'no request';
  return `${last.method} ${last.path.replace(/\?.*/, '').replace(/\/[^/]*\d[^/]*/g, '/{id}')}`;
};

/** @throws Error if a process ends with an error of its own */
export async function killAtRandom(bench: Bench, options: RandomKills): Promise<Killed> {
  const { random, mostRequests, mostMs, between } = options;
  const { simulator } = bench;
  const kills: { requests: number; last: string }[] = [];
  let ended = 0;
  while (kills.length < options.kills) {
    const at = simulator.stats().requests + random.int(1, mostRequests);
    const laterMs = random.int(0, mostMs);
    const child = startSyncProcess(bench, options);
    const gone = once(child, 'exit');
    while (child.exitCode === null && simulator.stats().requests < at) await wait(POLL_MS);
    await Promise.race([wait(laterMs), gone]);
    child.kill('SIGKILL');
    await gone;
    const isEnded = child.exitCode !== null;
    if (isEnded && child.exitCode !== 0) throw new Error(`a sync ended with ${child.exitCode}`);
    if (isEnded) ended += 1;
    else kills.push({ requests: simulator.stats().requests, last: routeOf(simulator) });
    await between(kills.length, isEnded);
  }
  return { kills, ended };
}
