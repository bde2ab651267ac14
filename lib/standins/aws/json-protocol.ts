/** The AWS JSON protocol 1.0 and 1.1: `X-Amz-Target` names the operation; request and answer are JSON objects. */

export type JsonObject = Readonly<Record<string, unknown>>;

export type JsonOperations = Readonly<Record<string, (request: JsonObject) => Promise<JsonObject>>>;

/** An answer that the SDK turns into the error class with this name. */
export class AwsFailure extends Error {
  override readonly name = 'AwsFailure' as const;
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** A member that must be present and must be a string. */
export function requiredString(request: JsonObject, member: string): string {
  const value = optionalString(request, member);
  if (value === undefined) throw new AwsFailure('ValidationException', `${member} is missing.`);
  return value;
}

/** A member that may be missing but otherwise must be a string. */
export function optionalString(request: JsonObject, member: string): string | undefined {
  const value = request[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new AwsFailure('ValidationException', `${member} must be a string.`);
  return value;
}

/** Parses the body of a request. An empty body counts as an empty object. */
export function parseRequest(body: string): JsonObject {
  try {
    const value: unknown = JSON.parse(body === '' ? '{}' : body);
    if (isObject(value)) return value;
  } catch {
    // Falls through: "not JSON" and "not an object" get the same answer.
  }
  throw new AwsFailure('SerializationException', 'The request is not a JSON object.');
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
