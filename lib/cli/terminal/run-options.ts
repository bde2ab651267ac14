/** Options that define a run, the same for a run on this machine and for a deployed one. */

export interface RunOptions {
  readonly objects?: string;
  readonly fullRefresh?: boolean;
  readonly from?: string;
  readonly to?: string;
}

/** Names from `a,b`. */
export const namesIn = (list: string): readonly string[] =>
  list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));

/** The options as the input of the state machine. */
export const inputOf = ({
  objects,
  fullRefresh,
  from,
  to,
}: RunOptions): Readonly<Record<string, unknown>> => ({
  ...(objects !== undefined && { objects: namesIn(objects) }),
  ...(fullRefresh === true && { mode: 'full_refresh' }),
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
});
