/** The caller's clock in milliseconds and seconds. */
export interface Clock {
  nowMs(): number;
  nowSeconds(): number;
}

export const createClock = (now: () => number): Clock => ({
  nowMs: now,
  nowSeconds: () => Math.floor(now() / 1000),
});
