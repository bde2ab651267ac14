/** Options that define a run, on this machine or deployed. */

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
