/** Whether a text can be an access token: one line of printable ASCII, which is what a header can carry. */
const ACCESS_TOKEN = /^[\x21-\x7e]{8,4096}$/;

/** Asked before a token is used: fetch quotes a header it cannot send in its error. */
export const isAccessToken = (value: unknown): value is string =>
  typeof value === 'string' && ACCESS_TOKEN.test(value);
