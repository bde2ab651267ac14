/** Companies (docs/intercom-api.md 6.3): unset keys are omitted; tags and segments are embedded in full. */
import { COMPANY_IDS, COMPANY_SEGMENT_IDS, TAG_IDS, WORKSPACE_ID } from '../ids.ts';
import { exactInteger, type JsonObject } from '../json.ts';
import { createRandom } from '../prng.ts';
import type { Timed } from '../table.ts';
import { type Genesis, hasShape, times } from './genesis.ts';
import { companySegmentsOf, companyTagsOf } from './membership.ts';
import { companyName, companyWebsite } from './personal.ts';

export interface CompanyState extends Timed {
  readonly fields: JsonObject;
  readonly tags: readonly string[];
  readonly segments: readonly string[];
}

export const companyTimes = (genesis: Genesis, row: number): Timed =>
  times(genesis, 3, row, genesis.sizes.companies);

export function companyFields(genesis: Genesis, row: number, time: Timed): JsonObject {
  const random = createRandom(genesis.seed, 'company', row);
  return {
    company_id: `customer-${row}`,
    name: companyName(genesis.seed, row),
    app_id: WORKSPACE_ID,
    plan:
      row % 3 === 0
        ? {}
        : { type: 'plan', id: String(269_300 + (row % 3)), name: row % 3 === 1 ? 'Pro' : 'Größer' },
    ...(row % 2 === 0 ? { remote_created_at: time.createdAt } : {}),
    ...(row % 5 === 4
      ? {}
      : { last_request_at: time.createdAt + random.int(time.updatedAt - time.createdAt + 1) }),
    ...(row % 4 === 1 ? { size: random.int(5000), industry: 'Manufacturing' } : {}),
    ...(row % 4 === 2 ? { website: companyWebsite(row) } : {}),
    monthly_spend: row % 6 === 2 ? random.int(100_000) / 100 : random.int(1000),
    session_count: random.int(900),
    custom_attributes: {
      ...(row % 2 === 1 ? { 'plan tier': random.pick(['gold', 'Silber', '']) } : {}),
      ...(row % 3 === 1 ? { employees: random.int(10_000) } : {}),
      ...(hasShape(row, 40, 4) ? { employees: exactInteger('9007199254740993') } : {}),
      ...(hasShape(row, 40, 6) ? { attachments: ['mine', 'too'] } : {}),
    },
  };
}

export function generateCompany(genesis: Genesis, row: number): CompanyState {
  const time = companyTimes(genesis, row);
  return {
    ...time,
    fields: companyFields(genesis, row, time),
    tags: companyTagsOf(genesis, row).map(TAG_IDS.idOf),
    segments: companySegmentsOf(genesis, row).map(COMPANY_SEGMENT_IDS.idOf),
  };
}

/** Looks up embedded records. Undefined if they are gone. */
export interface CompanyEmbeds {
  tag(id: string): JsonObject | undefined;
  segment(id: string): JsonObject | undefined;
  userCount(row: number): number;
}

const known = (records: readonly (JsonObject | undefined)[]): JsonObject[] =>
  records.filter((record) => record !== undefined);

export function companyRecord(row: number, state: CompanyState, embeds: CompanyEmbeds): JsonObject {
  const { custom_attributes: custom, ...fields } = state.fields;
  return {
    type: 'company',
    id: COMPANY_IDS.idOf(row),
    ...fields,
    created_at: state.createdAt,
    updated_at: state.updatedAt,
    user_count: embeds.userCount(row),
    tags: { type: 'tag.list', tags: known(state.tags.map(embeds.tag)) },
    segments: { type: 'segment.list', segments: known(state.segments.map(embeds.segment)) },
    custom_attributes: custom,
  };
}
