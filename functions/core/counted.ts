const thousands = new Intl.NumberFormat('en-US');

/** `1 row`, `2,000 rows`: a number with its noun. */
export const counted = (amount: number, one: string, many = `${one}s`): string =>
  `${thousands.format(amount)} ${amount === 1 ? one : many}`;
