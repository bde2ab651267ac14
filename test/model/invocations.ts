/** Invocations that die, stall or fail at a chosen call of a port. */
import { RetryableError } from '../../functions/core/errors.ts';

/** The process is gone: nothing that it does after this has an effect. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * `before` and `after` the call takes effect. `stalled`: the workflow takes the invocation for dead, but it wakes up
 * later and goes on.
 */
export type Disturbance = 'killed_before' | 'killed_after' | 'error_before' | 'error_after' | 'stalled';

export interface PortCall {
  readonly port: string;
  readonly name: string;
  /** The first argument if it is a text: a key, an object, a path. */
  readonly key: string;
}

export type Disturb = (call: PortCall) => Disturbance | null;

export const undisturbed: Disturb = () => null;

export interface Invocation {
  /** The same port, under this invocation's fate. */
  wrap<P extends object>(name: string, port: P): P;
  /** Resolves when the invocation stalls, to what wakes it up. */
  readonly stalled: Promise<() => void>;
  readonly isDead: () => boolean;
  /** Files of the lake that it has written since it stalled. */
  readonly writtenAwake: readonly string[];
}

const trouble = ({ port, name }: PortCall): RetryableError =>
  new RetryableError(`No answer to ${port}.${name}`, { code: 'disturbed' });

export function beginInvocation(disturb: Disturb): Invocation {
  let isDead = false;
  const writtenAwake: string[] = [];
  let sleep: Promise<void> | null = null;
  let announce: (wake: () => void) => void = () => undefined;
  const stalled = new Promise<() => void>((resolve) => {
    announce = resolve;
  });

  const die = ({ port, name }: PortCall, when: string): never => {
    isDead = true;
    throw new Killed(`${when} ${port}.${name}`);
  };

  async function before(call: PortCall): Promise<Disturbance | null> {
    if (isDead) return die(call, 'after death, at');
    // Asleep as a whole, and only once.
    const disturbance = sleep === null ? disturb(call) : null;
    if (disturbance === 'killed_before') return die(call, 'before');
    if (disturbance === 'error_before') throw trouble(call);
    if (disturbance === 'stalled') sleep = new Promise<void>((wake) => announce(wake));
    if (sleep !== null) await sleep;
    return disturbance;
  }

  function after(call: PortCall, disturbance: Disturbance | null): void {
    if (disturbance === 'killed_after') die(call, 'after');
    if (isDead) die(call, 'after death, at');
    if (disturbance === 'error_after') throw trouble(call);
  }

  return {
    stalled,
    isDead: () => isDead,
    writtenAwake,
    wrap(port, target) {
      const members = Object.entries(target).map(([name, member]) => {
        if (typeof member !== 'function') return [name, member];
        const callOf = (args: readonly unknown[]): PortCall => ({
          port,
          name,
          key: typeof args[0] === 'string' ? args[0] : '',
        });
        if (port === 'lake' && name === 'list') {
          const list = async function* (...args: unknown[]) {
            const call = callOf(args);
            const disturbance = await before(call);
            yield* member(...args);
            after(call, disturbance);
          };
          return [name, list];
        }
        const run = async (...args: unknown[]) => {
          const call = callOf(args);
          const disturbance = await before(call);
          if (sleep !== null && port === 'lake' && name === 'putNew') writtenAwake.push(call.key);
          const result: unknown = await member(...args);
          after(call, disturbance);
          return result;
        };
        return [name, run];
      });
      return Object.fromEntries(members);
    },
  };
}
