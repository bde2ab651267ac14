/**
 * Words of Intercom's about an error, without the values it quotes: they go into logs, debts, manifests
 * and summaries, where no field rule reaches.
 */

const PERSONAL: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/"[^"]*"|“[^”]*”|(?<!\w)'[^']*'(?!\w)/gu, '[value]'],
  [/[^\s"'<>(),;:=]+@[^\s"'<>(),;:=]+/gu, '[e-mail]'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/gu, '[address]'],
  [/\+\d[\d\s().-]{5,}\d/gu, '[phone]'],
];

export const redact = (text: string): string =>
  PERSONAL.reduce((left, [pattern, instead]) => left.replace(pattern, instead), text);
