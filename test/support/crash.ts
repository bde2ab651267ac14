/** Kills an invocation at a chosen call, before or after the call takes effect. */

export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface CrashPoint {
  /** The same port, but any of its calls may be the last. */
  wrap<P extends object>(port: P): P;
  /** Kills at call number `at` (from 1), before or after it takes effect. Null: never. */
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
