/** One line of printable ASCII; anything else could not even be sent, and fetch would quote it in an error. */
const ACCESS_TOKEN = /^[\x21-\x7e]{8,4096}$/;

export const isAccessToken = (text: string): boolean => ACCESS_TOKEN.test(text);
