/** How far the reading of an object is. Pure. */

const BAR_WIDTH = 20;

/** A bar with its percentage; `…` where nobody knows how much there is; nothing unless it is being read. */
export function progressBar({
  state,
  expected,
  read,
}: {
  readonly state: string;
  readonly expected: number | null;
  readonly read: number;
}): string {
  if (state !== 'reading') return '';
  if (expected === null || expected === 0) return '…';
  const share = Math.min(1, read / expected);
  const filled = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)}%`;
}
