/** A pretend Intercom over HTTP (API 2.15), written from facts.md alone: the only public list of lib/simulator. */
export type { JsonObject, JsonValue, RawJson } from './json.ts';
export { SIZES, type WorkspaceSizes } from './sizes.ts';
export { startSimulator } from './start.ts';
export { DEFAULT_SWITCHES, type Switches } from './switches.ts';
export type * from './types.ts';
export type * from './workspace-types.ts';
