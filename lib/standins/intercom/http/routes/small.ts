/** /me and the lists without paging: admins, teams, tags, segments, data attributes, subscription types (docs/intercom-api.md 6.1, 6.7). */
import { adminAvatarUrl } from '../../generate/people.ts';
import { COMPANY_SEGMENT_IDS, WORKSPACE_ID } from '../../ids.ts';
import type { JsonObject } from '../../json.ts';
import { oddRecord } from '../../odd-records.ts';
import type { Plain } from '../../world/plain.ts';
import type { Plains } from '../../world/plains.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { ApiError, notFound } from '../errors.ts';
import { listText } from '../paging.ts';

const list = (type: string, key: string, records: Iterable<JsonObject>): Answer =>
  ok(
    listText(
      type,
      key,
      [...records].map((record) => JSON.stringify(record)),
    ),
  );

const one = (plain: Plain, request: Request, missing: ApiError): Answer => {
  const text = plain.json(param(request));
  if (text === undefined) throw missing;
  return ok(text);
};

/** The region names of live workspaces (docs/intercom-api.md 6.1). */
function regionName({ region, switches }: Services): string {
  if (region === 'AU') return switches().auRegionName;
  return region === 'EU' ? 'Europe' : 'US';
}

function me(services: Services): Answer {
  const { world } = services;
  const [admin] = world.plains.admins.records();
  const id = String(admin?.id ?? '1');
  return ok(
    JSON.stringify({
      type: 'admin',
      id,
      email: admin?.email ?? '',
      name: admin?.name ?? '',
      email_verified: true,
      app: {
        type: 'app',
        id_code: WORKSPACE_ID,
        name: 'Simulated workspace',
        created_at: world.genesis.baseTime - world.genesis.sizes.historyDays * 86_400,
        secure: false,
        identity_verification: false,
        timezone: services.reportedTimezone ?? world.calendar().timezone,
        region: regionName(services),
      },
      avatar: { type: 'avatar', image_url: adminAvatarUrl(id) },
      has_inbox_seat: true,
    }),
  );
}

/** `display_avatar=true` adds an avatar: the docs say an object, the schema says a string. */
function admins(services: Services, request: Request): Answer {
  const records = [...services.world.plains.admins.records()];
  if (request.query.get('display_avatar') !== 'true') return list('admin.list', 'admins', records);
  const avatar = (id: string): JsonObject | string =>
    services.switches().adminAvatar === 'object'
      ? { type: 'avatar', image_url: adminAvatarUrl(id) }
      : adminAvatarUrl(id);
  return list(
    'admin.list',
    'admins',
    records.map((admin) => ({ ...admin, avatar: avatar(String(admin.id)) })),
  );
}

/** Contact segments, or (undocumented) company segments; `count` only with include_count. */
function segments({ world, switches }: Services, request: Request): Answer {
  const company =
    request.query.get('type') === 'company' && switches().segmentsTypeCompany === 'company_segments';
  const records = [...world.plains.segments.records()].filter(
    (segment) => (COMPANY_SEGMENT_IDS.rowOf(String(segment.id)) !== undefined) === company,
  );
  if (request.query.get('include_count') !== 'true') return list('segment.list', 'segments', records);
  const counted = records.map((segment) => ({
    ...segment,
    count: world.segmentCounts.of(String(segment.id)),
  }));
  return list('segment.list', 'segments', counted);
}

/** Several live attributes can share model and full name; so can an archived and a live one (docs/intercom-api.md 6.7). */
const twins = ({ switches, world }: Services): JsonObject[] =>
  switches().twinAttributes.map((twin) => ({
    type: 'data_attribute',
    name: twin.full_name.split('.').at(-1) ?? twin.full_name,
    label: twin.full_name,
    description: '',
    data_type: 'string',
    api_writable: true,
    ui_writable: true,
    messenger_writable: false,
    custom: true,
    created_at: world.genesis.baseTime,
    updated_at: world.genesis.baseTime,
    ...twin,
  }));

function dataAttributes(services: Services, request: Request): Answer {
  const model = request.query.get('model');
  const archived = request.query.get('include_archived') === 'true';
  const records = [...services.world.plains.dataAttributes.records(), ...twins(services)].filter(
    (record) => (model === null || record.model === model) && (archived || record.archived !== true),
  );
  return list('list', 'data', records);
}

const simple =
  (name: keyof Plains, type: string, key: string): Route['handle'] =>
  ({ world }) =>
    list(type, key, world.plains[name].records());

export function createSmallRoutes(): readonly Route[] {
  const readAdmins = (): 'read_admins' => 'read_admins';
  const readUsers = (): 'read_users_companies' => 'read_users_companies';
  const teamsScope: NonNullable<Route['scope']> = (switches) => switches.teamsScope;
  return [
    { method: 'GET', path: '/me', scope: (switches) => switches.meScope, handle: me },
    { method: 'GET', path: '/admins', scope: readAdmins, handle: admins },
    {
      method: 'GET',
      path: '/admins/:id',
      scope: readAdmins,
      handle: ({ world }, request) =>
        one(world.plains.admins, request, new ApiError(404, 'admin_not_found', 'Admin not found')),
    },
    {
      method: 'GET',
      path: '/teams',
      scope: teamsScope,
      handle: ({ switches, world }) =>
        list(
          'team.list',
          'teams',
          [...world.plains.teams.records()].map((team) => oddRecord(switches(), 'teams', team)),
        ),
    },
    {
      method: 'GET',
      path: '/teams/:id',
      scope: teamsScope,
      handle: ({ switches, world }, request) => {
        const text = world.plains.teams.json(param(request));
        if (text === undefined) throw new ApiError(404, 'team_not_found', 'Team not found');
        return ok(JSON.stringify(oddRecord(switches(), 'teams', JSON.parse(text))));
      },
    },
    {
      method: 'GET',
      path: '/tags',
      scope: (switches) => switches.tagsScope,
      handle: simple('tags', 'list', 'data'),
    },
    {
      method: 'GET',
      path: '/tags/:id',
      scope: (switches) => switches.tagsScope,
      handle: ({ world }, request) => one(world.plains.tags, request, notFound()),
    },
    { method: 'GET', path: '/segments', scope: readUsers, handle: segments },
    {
      method: 'GET',
      path: '/segments/:id',
      scope: readUsers,
      handle: ({ world }, request) => one(world.plains.segments, request, notFound()),
    },
    {
      method: 'GET',
      path: '/data_attributes',
      scope: (switches) => switches.dataAttributesScope,
      handle: dataAttributes,
    },
    {
      method: 'GET',
      path: '/subscription_types',
      scope: (switches) => switches.subscriptionTypesScope,
      handle: simple('subscriptionTypes', 'list', 'data'),
    },
  ];
}
