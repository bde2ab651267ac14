/** The number of contacts or companies in a segment: counted once over the seeded rows, then updated with every change. */

import type { CompanyState } from '../generate/companies.ts';
import { type ContactState, segmentsIn } from '../generate/contacts.ts';
import type { Genesis } from '../generate/genesis.ts';
import { companySegmentsOf, contactSegmentsOf } from '../generate/membership.ts';
import { COMPANY_SEGMENT_IDS, SEGMENT_IDS } from '../ids.ts';
import type { Table } from '../table.ts';

export interface SegmentCounts {
  of(segmentId: string): number;
}

export function createSegmentCounts(
  genesis: Genesis,
  contacts: Table<ContactState>,
  companies: Table<CompanyState>,
): SegmentCounts {
  let seeded: Map<string, number> | undefined;
  const changes = new Map<string, number>();
  const add = (counts: Map<string, number>, id: string, by: number): void => {
    counts.set(id, (counts.get(id) ?? 0) + by);
  };
  const countSeeded = (): Map<string, number> => {
    const counts = new Map<string, number>();
    for (let row = 0; row < genesis.sizes.contacts; row++) {
      for (const segment of contactSegmentsOf(genesis, row)) add(counts, SEGMENT_IDS.idOf(segment), 1);
    }
    for (let row = 0; row < genesis.sizes.companies; row++) {
      for (const segment of companySegmentsOf(genesis, row))
        add(counts, COMPANY_SEGMENT_IDS.idOf(segment), 1);
    }
    return counts;
  };
  const follow = (before: readonly string[] = [], after: readonly string[] = []): void => {
    for (const id of before) add(changes, id, -1);
    for (const id of after) add(changes, id, 1);
  };
  const inSegments = (state: ContactState | undefined) => (state === undefined ? [] : segmentsIn(state));
  contacts.onChange((_row, before, after) => follow(inSegments(before), inSegments(after)));
  companies.onChange((_row, before, after) => follow(before?.segments, after?.segments));
  return {
    of(segmentId) {
      seeded ??= countSeeded();
      return (seeded.get(segmentId) ?? 0) + (changes.get(segmentId) ?? 0);
    },
  };
}
