/** Admins and teams, and their activity logs. */
import { ADMIN_IDS, BOT_ID, TEAM_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { createRandom, mix, type Random, uuid } from '../prng.ts';
import { type Genesis, historyStart } from './genesis.ts';
import { BOT_EMAIL, BOT_NAME, personAvatarUrl, personEmail, personIp, personName } from './personal.ts';

const teamOf = (row: number, teams: number): number => row % Math.max(1, teams);

/** `team_ids` are numbers; elsewhere ids are strings (docs/intercom-api.md 6.7). The route adds `avatar` on demand. */
export function admins({ seed, sizes }: Genesis): JsonObject[] {
  const people = Array.from({ length: sizes.admins }, (_, row): JsonObject => {
    const team = Number(TEAM_IDS.idOf(teamOf(row, sizes.teams)));
    return {
      type: 'admin',
      email: personEmail(seed, 'admin', row),
      id: ADMIN_IDS.idOf(row),
      name: personName(seed, 'admin', row),
      ...(row % 3 === 0 ? {} : { job_title: row % 3 === 1 ? 'Support engineer' : 'Überall-Helfer' }),
      away_mode_enabled: row % 4 === 1,
      away_mode_reassign: false,
      away_status_reason_id: row % 4 === 1 ? 1234 + row : null,
      has_inbox_seat: row % 5 !== 4,
      team_ids: sizes.teams > 0 ? [team] : [],
      team_priority_level: row % 2 === 0 ? {} : { primary_team_ids: [team], secondary_team_ids: [] },
    };
  });
  return [
    ...people,
    {
      type: 'admin',
      email: BOT_EMAIL,
      id: BOT_ID,
      name: BOT_NAME,
      away_mode_enabled: false,
      away_mode_reassign: false,
      has_inbox_seat: false,
      team_ids: [],
    },
  ];
}

export const adminAvatarUrl = (id: string): string => personAvatarUrl('admin', ADMIN_IDS.rowOf(id) ?? 0);

export const teams = ({ sizes }: Genesis): JsonObject[] =>
  Array.from({ length: sizes.teams }, (_, row): JsonObject => {
    const members = Array.from({ length: sizes.admins }, (_, admin) => admin).filter(
      (admin) => teamOf(admin, sizes.teams) === row,
    );
    const adminIds = members.map((admin) => Number(ADMIN_IDS.idOf(admin)));
    return {
      type: 'team',
      id: TEAM_IDS.idOf(row),
      name: `Team ${row} ☕`,
      admin_ids: row === 1 ? [] : adminIds,
      ...(row % 2 === 0
        ? {}
        : { admin_priority_level: { primary_admin_ids: adminIds, secondary_admin_ids: null } }),
      ...(row % 3 === 2
        ? {}
        : { assignment_limit: row % 3 === 0 ? null : 5, distribution_method: 'round_robin' }),
    };
  });

/** Metadata is free-form. OAS examples contradict their own schema with plain strings (docs/intercom-api.md 6.9). */
const ACTIVITIES: readonly ((
  random: Random,
) => readonly [type: string, text: string, metadata: JsonObject | null])[] = [
  () => ['admin_login_success', 'logged in.', { sign_in_method: 'email_password' }],
  () => [
    'app_name_change',
    'changed your app name from before to after.',
    { before: 'before', after: 'after' },
  ],
  () => ['admin_away_mode_change', 'set away mode.', { away_mode: true, reassign_conversations: false }],
  (random) => [
    'message_state_change',
    'changed a message.',
    { message: { id: random.int(1000), title: 'Título' }, before: 'a', after: 'b' },
  ],
  () => [
    'app_team_membership_modification',
    'changed a team.',
    { team: { id: 5_017_600, name: 'Team 0 ☕' } },
  ],
  () => ['admin_logout', 'logged out.', null],
  (random) => [
    'brand_new_activity',
    'did something unheard of.',
    { nested: { deep: [random.int(10), null, 'x'] } },
  ],
];

export function activityLog(genesis: Genesis, row: number, createdAt: number): JsonObject {
  const random = createRandom(genesis.seed, 'activity log', row);
  const admin = random.int(Math.max(1, genesis.sizes.admins));
  const [type, text, metadata] = random.pick(ACTIVITIES)(random);
  return {
    id: uuid(mix(genesis.seed, 77), row),
    performed_by: {
      type: 'admin',
      id: ADMIN_IDS.idOf(admin),
      email: personEmail(genesis.seed, 'admin', admin),
      ip: personIp(genesis.seed, admin),
    },
    metadata,
    created_at: createdAt,
    activity_type: type,
    activity_description: `${personName(genesis.seed, 'admin', admin)} ${text}`,
  };
}

export function activityLogs(genesis: Genesis): JsonObject[] {
  const start = historyStart(genesis);
  const count = genesis.sizes.activity_logs;
  const step = (genesis.baseTime - start) / Math.max(1, count);
  return Array.from({ length: count }, (_, row) => activityLog(genesis, row, Math.floor(start + row * step)));
}
