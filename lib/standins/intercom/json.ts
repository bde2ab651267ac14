/** JSON types, and integers too large for a JavaScript number. */

/** A number that is serialised digit by digit: custom attributes hold integers beyond 2^53. */
export interface RawJson {
  readonly rawJSON: string;
}

export type JsonValue = null | boolean | number | string | RawJson | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

declare global {
  interface JSON {
    rawJSON(text: string): RawJson;
  }
}

/** `9007199254740993` is serialised with exactly these digits. */
export const exactInteger = (digits: string): RawJson => JSON.rawJSON(digits);

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Joins objects with different keys into one record. `joinText` is much faster than serialising the merged object. */
export const joinRecord = (sections: readonly JsonObject[]): JsonObject => Object.assign({}, ...sections);

export const joinText = (sections: readonly JsonObject[]): string =>
  `{${sections.map((section) => JSON.stringify(section).slice(1, -1)).join(',')}}`;
