/** A simulated Intercom (API 2.15) over HTTP, written from Intercom's behaviour and never from our client. */

export type * from './cases.ts';
export type { JsonObject, JsonValue, RawJson } from './json.ts';
export { SIZES, type WorkspaceSizes } from './sizes.ts';
export { startSimulator } from './start.ts';
export { type SimulatorThread, startSimulatorThread } from './start-thread.ts';
export { DEFAULT_READINGS, DEFAULT_SWITCHES, type Readings, type Switches } from './switches.ts';
export type * from './types.ts';
export type * from './workspace-types.ts';
