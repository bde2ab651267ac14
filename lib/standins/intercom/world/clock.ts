/** Time as the simulator sees it: the caller's clock, in the two units that matter. */
export interface Clock {
  nowMs(): number;
  nowSeconds(): number;
}

export const createClock = (now: () => number): Clock => ({
  nowMs: now,
  nowSeconds: () => Math.floor(now() / 1000),
});
