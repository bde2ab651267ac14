/** Kills at a chosen call: the invocation ends there, before or after the call took effect. */

export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface CrashPoint {
  /** The same port, every call of which may be the last. */
  wrap<P extends object>(port: P): P;
  /** Kills at the call `at` (from 1): before it takes effect, or after. Null: never. */
  arm(at: number | null, when?: 'before' | 'after'): void;
  /** Calls since `arm`. */
  calls(): number;
}

export function createCrashPoint(): CrashPoint {
  let calls = 0;
  let killAt: number | null = null;
  let moment: 'before' | 'after' = 'before';

  const isHit = (when: 'before' | 'after'): boolean => calls === killAt && moment === when;

  return {
    wrap(port) {
      const wrapped = Object.entries(port).map(([name, member]) => {
        if (typeof member !== 'function' || name === 'list') return [name, member];
        const call = async (...args: unknown[]) => {
          calls += 1;
          if (isHit('before')) throw new Killed(`before ${name}`);
          const at = calls;
          const result: unknown = await member(...args);
          if (at === killAt && moment === 'after') throw new Killed(`after ${name}`);
          return result;
        };
        return [name, call];
      });
      return Object.fromEntries(wrapped);
    },
    arm(at, when = 'before') {
      calls = 0;
      killAt = at;
      moment = when;
    },
    calls: () => calls,
  };
}
