/** The truth about contacts, and everything that can happen to them. */
import { contactSections, noteRecords } from '../generate/contact-record.ts';
import {
  type AppliedTag,
  type ContactState,
  contactFields,
  contactNote,
  segmentsIn,
} from '../generate/contacts.ts';
import { ADMIN_IDS, COMPANY_IDS } from '../ids.ts';
import { joinRecord } from '../json.ts';
import type { ContactTruth, MutationOptions } from '../workspace-types.ts';
import type { World } from '../world/world.ts';
import { moment, recordsOf, refuseFields, rowOf, splitTimes } from './expected-records.ts';

const APART = ['id', 'type', 'tags', 'companies', 'notes', 'segments'] as const;

/** Notes of the seeded history have smaller ids. */
const FIRST_NEW_NOTE = 900_000_000;

const withTag = (tags: readonly AppliedTag[], id: string, at: number): AppliedTag[] => [
  ...tags.filter((tag) => tag.id !== id),
  { id, appliedAt: at, appliedBy: { type: 'admin', id: ADMIN_IDS.idOf(0) } },
];

const union = <T>(left: readonly T[], right: readonly T[]): T[] => [...new Set([...left, ...right])];

export function createContactTruth(world: World): ContactTruth {
  const { table } = world.contacts;
  const { tags } = world.plains;
  const alive = { tag: tags.has, company: world.companies.exists };

  /** Applies a change. The caller decides whether it bumps updated_at. */
  const change = (
    id: string,
    options: MutationOptions | undefined,
    bump: 'bump' | 'keep',
    next: (state: ContactState, at: number) => Partial<ContactState>,
  ): void => {
    const row = rowOf(table, id);
    const at = moment(world.clock, options);
    const state = table.state(row);
    table.set(row, { ...state, ...(bump === 'bump' ? { updatedAt: at } : {}), ...next(state, at) });
  };
  const tagged = (tagId: string): string => {
    if (!tags.has(tagId)) throw new Error(`contacts: no tag "${tagId}"`);
    return tagId;
  };
  let newNotes = 0;
  const companyRow = (companyId: string): number => rowOf(world.companies, companyId);

  return {
    ...recordsOf(table, (row, state) => joinRecord(contactSections(row, state, alive))),
    get size() {
      return table.size;
    },
    relations(id) {
      const state = table.state(rowOf(table, id));
      return {
        tagIds: state.tags.map((tag) => tag.id).filter(tags.has),
        companyIds: state.companies.filter(world.companies.exists).map(COMPANY_IDS.idOf),
        segmentIds: segmentsIn(state).filter(world.plains.segments.has),
        noteIds: state.notes.map((note) => note.id),
        optedInSubscriptionTypeIds: state.optedIn,
        optedOutSubscriptionTypeIds: state.optedOut,
      };
    },
    notes: (id) => noteRecords(world.genesis, id, table.state(rowOf(table, id))),
    create(fields = {}, options) {
      refuseFields('contacts', fields, APART);
      const at = moment(world.clock, options);
      const { rest, times } = splitTimes(fields);
      const time = { createdAt: at, updatedAt: at, ...times };
      const generated = contactFields(world.genesis, table.rows, time);
      const row = table.add({
        ...time,
        fields: { ...generated, ...rest },
        tags: [],
        companies: [],
        segments: [],
        notes: [],
        optedIn: [],
        optedOut: [],
        archived: false,
      });
      return table.idOf(row);
    },
    update(id, fields, options) {
      refuseFields('contacts', fields, APART);
      const { rest, times } = splitTimes(fields);
      change(id, options, 'bump', (state) => ({ fields: { ...state.fields, ...rest }, ...times }));
    },
    delete: (id) => table.remove(rowOf(table, id)),
    archive: (id, options) => change(id, options, 'bump', () => ({ archived: true })),
    unarchive: (id, options) => change(id, options, 'bump', () => ({ archived: false })),
    tag: (id, tagId, options) =>
      change(id, options, world.switches().contactTagBump, (state, at) => ({
        tags: withTag(state.tags, tagged(tagId), at),
      })),
    untag: (id, tagId, options) =>
      change(id, options, world.switches().contactTagBump, (state) => ({
        tags: state.tags.filter((tag) => tag.id !== tagId),
      })),
    attachCompany: (id, companyId, options) =>
      change(id, options, world.switches().contactCompanyBump, (state) => ({
        companies: union(state.companies, [companyRow(companyId)]),
      })),
    detachCompany: (id, companyId, options) =>
      change(id, options, world.switches().contactCompanyBump, (state) => {
        const gone = companyRow(companyId);
        return { companies: state.companies.filter((company) => company !== gone) };
      }),
    addSegment: (id, segmentId, options) =>
      change(id, options, world.switches().contactSegmentBump, (state) => ({
        segments: union(state.segments, [segmentId]),
      })),
    removeSegment: (id, segmentId, options) =>
      change(id, options, world.switches().contactSegmentBump, (state) => ({
        segments: state.segments.filter((segment) => segment !== segmentId),
      })),
    addNote(id, fields = {}, options) {
      const noteId = String(FIRST_NEW_NOTE + newNotes);
      newNotes += 1;
      change(id, options, world.switches().contactNoteBump, (state, at) => ({
        notes: [...state.notes, { ...contactNote(world.genesis, noteId, at), ...fields }],
      }));
      return noteId;
    },
    deleteNote(id, noteId, options) {
      change(id, options, world.switches().contactNoteBump, (state) => {
        if (!state.notes.some((note) => note.id === noteId))
          throw new Error(`contact "${id}": no note "${noteId}"`);
        return { notes: state.notes.filter((note) => note.id !== noteId) };
      });
    },
    merge(leadId, intoId, options) {
      const lead = rowOf(table, leadId);
      if (leadId === intoId) throw new Error('contacts: cannot merge a contact into itself');
      const from = table.state(lead);
      if (from.fields.role !== 'lead') throw new Error(`contacts: "${leadId}" is not a lead`);
      change(intoId, options, 'bump', (state) => {
        const own = new Set(state.tags.map((tag) => tag.id));
        return {
          tags: [...state.tags, ...from.tags.filter((tag) => !own.has(tag.id))],
          companies: union(state.companies, from.companies),
          segments: union(state.segments, from.segments),
          notes: union(state.notes, from.notes),
        };
      });
      table.remove(lead);
      world.merged.set(leadId, intoId);
    },
  };
}
