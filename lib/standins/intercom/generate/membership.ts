/** Relationships in the seeded history: cheap functions of the row, so that both directions can be indexed. */
import { mix } from '../prng.ts';
import { companySegmentCount } from './catalog.ts';
import { type Genesis, hasShape } from './genesis.ts';

/** Distinct choices out of `count`, from any starting point. */
function distinct(count: number, wanted: number, hash: number): number[] {
  const first = count === 0 ? 0 : hash % count;
  return Array.from({ length: Math.min(wanted, count) }, (_, i) => (first + i) % count);
}

/** Companies without users are left out of list responses (docs/intercom-api.md 6.3), so some must have none. */
const isUserless = (company: number): boolean => company % 13 === 5;

/** Mostly one company, sometimes none or a few. Every 89th contact has more than the 10 that are embedded. */
export function companiesOf({ seed, sizes }: Genesis, contact: number): number[] {
  const hash = mix(mix(seed, 101), contact);
  const kind = hash % 10;
  const wanted = hasShape(contact, 89, 7) ? 11 + (hash % 5) : kind < 3 ? 0 : kind < 9 ? 1 : 3;
  return distinct(sizes.companies, wanted + 1, hash >>> 4)
    .filter((company) => !isUserless(company))
    .slice(0, wanted);
}

/** Every 89th contact has more than the 10 tags that are embedded. */
export function contactTagsOf({ seed, sizes }: Genesis, contact: number): number[] {
  const hash = mix(mix(seed, 103), contact);
  return distinct(sizes.tags, hasShape(contact, 89, 11) ? 12 + (hash % 14) : hash % 4, hash >>> 3);
}

export const contactSegmentsOf = ({ seed, sizes }: Genesis, contact: number): number[] =>
  distinct(sizes.segments, mix(mix(seed, 105), contact) % 3, contact);

export const companyTagsOf = ({ seed, sizes }: Genesis, company: number): number[] =>
  distinct(sizes.tags, hasShape(company, 31, 3) ? 14 : mix(mix(seed, 107), company) % 3, company);

export const companySegmentsOf = (genesis: Genesis, company: number): number[] =>
  distinct(companySegmentCount(genesis), mix(mix(genesis.seed, 109), company) % 3, company);

export const conversationTagsOf = ({ seed, sizes }: Genesis, conversation: number): number[] =>
  distinct(
    sizes.tags,
    hasShape(conversation, 17, 4) ? 13 : mix(mix(seed, 111), conversation) % 3,
    conversation,
  );

/** All contacts of each company, as offsets into one array (4 bytes per contact). */
export interface CompanyContacts {
  of(company: number): Uint32Array;
}

export function indexCompanyContacts(genesis: Genesis): CompanyContacts {
  const { contacts, companies } = genesis.sizes;
  const offsets = new Uint32Array(companies + 1);
  for (let contact = 0; contact < contacts; contact++) {
    for (const company of companiesOf(genesis, contact))
      offsets[company + 1] = (offsets[company + 1] ?? 0) + 1;
  }
  for (let i = 1; i <= companies; i++) offsets[i] = (offsets[i] ?? 0) + (offsets[i - 1] ?? 0);
  const members = new Uint32Array(offsets[companies] ?? 0);
  const next = offsets.slice();
  for (let contact = 0; contact < contacts; contact++) {
    for (const company of companiesOf(genesis, contact)) {
      const position = next[company] ?? 0;
      members[position] = contact;
      next[company] = position + 1;
    }
  }
  return { of: (company) => members.subarray(offsets[company] ?? 0, offsets[company + 1] ?? 0) };
}
