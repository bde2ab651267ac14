/** The current contacts of a company: the seeded ones, minus those that left, plus those that joined. */
import type { ContactState } from '../generate/contacts.ts';
import type { Genesis } from '../generate/genesis.ts';
import { type CompanyContacts, indexCompanyContacts } from '../generate/membership.ts';
import type { Table } from '../table.ts';

export interface Membership {
  /** The rows of a company's contacts, ascending. Archived, merged and deleted ones do not count. */
  contactsOf(company: number): readonly number[];
  countOf(company: number): number;
}

interface Changes {
  readonly joined: Set<number>;
  readonly left: Set<number>;
}

const minus = (all: ReadonlySet<number>, without: ReadonlySet<number>): number[] =>
  [...all].filter((item) => !without.has(item));

export function createMembership(genesis: Genesis, contacts: Table<ContactState>): Membership {
  let seeded: CompanyContacts | undefined;
  const changes = new Map<number, Changes>();
  const seededOf = (company: number): Uint32Array => {
    if (company >= genesis.sizes.companies) return new Uint32Array(0);
    seeded ??= indexCompanyContacts(genesis);
    return seeded.of(company);
  };
  const changesOf = (company: number): Changes => {
    const known = changes.get(company) ?? { joined: new Set(), left: new Set() };
    changes.set(company, known);
    return known;
  };
  const companies = (state: ContactState | undefined): readonly number[] =>
    state === undefined || state.archived ? [] : state.companies;

  contacts.onChange((row, before, after) => {
    const now = new Set(companies(after));
    const then = new Set(companies(before));
    for (const company of minus(then, now)) {
      changesOf(company).joined.delete(row);
      changesOf(company).left.add(row);
    }
    for (const company of minus(now, then)) {
      changesOf(company).left.delete(row);
      changesOf(company).joined.add(row);
    }
  });

  const contactsOf = (company: number): readonly number[] => {
    const change = changes.get(company);
    const base = seededOf(company);
    if (change === undefined) return [...base];
    const stayed = [...base].filter((row) => !change.left.has(row) && !change.joined.has(row));
    return [...stayed, ...change.joined].sort((a, b) => a - b);
  };
  return {
    contactsOf,
    countOf: (company) => (changes.has(company) ? contactsOf(company).length : seededOf(company).length),
  };
}
