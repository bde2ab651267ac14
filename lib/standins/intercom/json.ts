/** JSON as TypeScript sees it, and the one trick the wire needs: numbers that JavaScript cannot hold. */

/** A number written to the wire digit by digit (facts: integers beyond 2^53 occur in custom attributes). */
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

/** `9007199254740993` stays exactly that on the wire. */
export const exactInteger = (digits: string): RawJson => JSON.rawJSON(digits);

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One record from objects with different keys, as an object and as text: the text is much cheaper than the merge. */
export const joinRecord = (sections: readonly JsonObject[]): JsonObject => Object.assign({}, ...sections);

export const joinText = (sections: readonly JsonObject[]): string =>
  `{${sections.map((section) => JSON.stringify(section).slice(1, -1)).join(',')}}`;
