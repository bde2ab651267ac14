/**
 * The parts of a realistic conversation: routed by a rule, answered by the AI agent and teammates, handed over with a
 * reply, snoozed, closed by a teammate or by a bot, opened again, rated.
 */
import { BOT_ID } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { Random } from '../prng.ts';
import * as personal from './personal.ts';

export interface StoryScene {
  readonly random: Random;
  /** The conversation's present state, team and so on. */
  readonly state: string;
  readonly team: string | null;
  readonly sla: { readonly name: string; readonly status: string } | null;
  readonly hasAgent: boolean;
  readonly isRated: boolean;
  readonly byContact: () => JsonObject;
  readonly byAdmin: () => JsonObject;
}

interface Step {
  /** Seconds after the step before. */
  readonly after: number;
  readonly details: JsonObject;
}

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

const bot = (): JsonObject => personal.author(0, 'bot', BOT_ID, 0);
const agent = (): JsonObject => ({ ...bot(), from_ai_agent: true, is_ai_answer: true });

/** Never ends: it goes on for as long as parts are needed. */
function* stepsOf(scene: StoryScene): Generator<Step, never> {
  const { random, team, sla, byContact, byAdmin } = scene;
  const within = (from: number, to: number): number => from + random.int(to - from);
  const body = () => ({ body: personal.messageHtml(random) });
  const target = (status: string, part_type: string): Step => ({
    after: 1,
    details: {
      part_type,
      author: bot(),
      event_details: { sla_name: sla?.name ?? null, current_sla_status: status },
    },
  });
  if (scene.hasAgent)
    yield { after: within(5, 40), details: { part_type: 'comment', ...body(), author: agent() } };
  if (team !== null)
    yield {
      after: within(1, 30),
      details: { part_type: 'assignment', author: bot(), assigned_to: { type: 'team', id: team } },
    };
  if (sla !== null) yield target('active', 'conversation_sla_applied_by_rule');
  for (let round = 0; ; round += 1) {
    const admin = byAdmin();
    if (round === 0 && sla?.status === 'missed')
      yield { ...target('missed', 'conversation_sla_target_missed'), after: within(2 * HOUR, 5 * HOUR) };
    // A reply may come with the assignment.
    if (round === 0 && random.chance(0.5))
      yield {
        after: within(4 * MINUTE, 2 * HOUR),
        details: {
          part_type: 'assignment',
          ...body(),
          author: admin,
          assigned_to: { type: 'admin', id: admin.id ?? null },
        },
      };
    else
      yield {
        after: within(4 * MINUTE, 2 * HOUR),
        details: { part_type: 'comment', ...body(), author: admin },
      };
    if (random.chance(0.3))
      yield { after: within(1, HOUR), details: { part_type: 'note', ...body(), author: byAdmin() } };
    yield {
      after: within(2 * MINUTE, 20 * HOUR),
      details: { part_type: 'comment', ...body(), author: byContact() },
    };
    if (random.chance(0.25)) {
      yield {
        after: within(5 * MINUTE, HOUR),
        details: { part_type: 'snoozed', author: admin, state: 'snoozed' },
      };
      yield { after: DAY, details: { part_type: 'timer_unsnooze', author: bot() } };
    }
    yield {
      after: within(3 * MINUTE, 3 * HOUR),
      details: { part_type: 'comment', ...body(), author: admin },
    };
    yield random.chance(0.35)
      ? { after: 3 * DAY, details: { part_type: 'close', author: bot(), state: 'closed' } }
      : { after: within(MINUTE, 6 * HOUR), details: { part_type: 'close', author: admin, state: 'closed' } };
    if (round === 0 && scene.isRated)
      yield {
        after: within(MINUTE, HOUR),
        details: { part_type: 'conversation_rating_changed', author: byContact(), state: 'closed' },
      };
    yield { after: within(HOUR, 4 * DAY), details: { part_type: 'open', ...body(), author: byContact() } };
  }
}

/** The last part, which leads to the conversation's present state. */
function endOf({ random, state, byContact, byAdmin }: StoryScene, isClosed: boolean): JsonObject {
  if (state === 'closed')
    return isClosed
      ? { part_type: 'note', body: personal.messageHtml(random), author: byAdmin(), state }
      : { part_type: 'close', author: random.chance(0.3) ? bot() : byAdmin(), state };
  if (state === 'snoozed') return { part_type: 'snoozed', author: byAdmin(), state };
  return {
    part_type: isClosed ? 'open' : 'comment',
    body: personal.messageHtml(random),
    author: byContact(),
  };
}

/** This many parts, each with its seconds since the conversation began, within `span` seconds. */
export function storyOf(scene: StoryScene, count: number, span: number): readonly Step[] {
  const steps: Step[] = [];
  let isClosed = false;
  for (const step of stepsOf(scene)) {
    if (steps.length >= count - 1) break;
    steps.push(step);
    if (step.details.part_type === 'close') isClosed = true;
    if (step.details.part_type === 'open') isClosed = false;
  }
  if (count > 0) steps.push({ after: 10 * MINUTE, details: endOf(scene, isClosed) });
  const total = steps.reduce((sum, { after }) => sum + after, 0);
  const scale = Math.min(1, span / Math.max(1, total));
  let passed = 0;
  return steps.map(({ after, details }) => {
    passed += after;
    return { after: Math.floor(passed * scale), details };
  });
}
