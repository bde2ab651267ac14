/** The workspace's own attributes, from the rows that define them. Pure. */
import { isJsonObject, type JsonValue } from '../core/json.ts';
import type { ObjectName } from '../core/names.ts';
import type { Attribute, Attributes, AttributeType } from '../core/ports.ts';

type Row = Readonly<Record<string, unknown>>;

/** Attributes of any other type are shown as text. */
const TYPES: Readonly<Record<string, AttributeType>> = {
  integer: 'integer',
  float: 'number',
  decimal: 'number',
  boolean: 'boolean',
  date: 'timestamp',
  datetime: 'timestamp',
};

interface Definition {
  readonly id: number;
  readonly name: string;
  readonly type: AttributeType;
}

const definitionOf = ({ id, name, data_type, archived }: Row): readonly Definition[] =>
  typeof name !== 'string' || archived === true
    ? []
    : [{ id: Number(id), name, type: TYPES[String(data_type)] ?? 'string' }];

/** Two attributes may share a name. If their types differ, only text holds the values of both. */
function oncePerName(definitions: readonly Definition[]): readonly Attribute[] {
  const byName = new Map<string, AttributeType>();
  for (const { name, type } of definitions.toSorted((one, other) => one.id - other.id)) {
    byName.set(name, (byName.get(name) ?? type) === type ? type : 'string');
  }
  return [...byName].map(([name, type]) => ({ name, type }));
}

const MODELS: Readonly<Record<string, ObjectName>> = {
  contact: 'contacts',
  company: 'companies',
  conversation: 'conversations',
};

function ofDataAttributes(rows: readonly Row[]): Attributes {
  const custom = rows.filter((row) => row.custom === true);
  return Object.fromEntries(
    Object.entries(MODELS).map(([model, object]) => [
      object,
      oncePerName(custom.filter((row) => row.model === model).flatMap(definitionOf)),
    ]),
  );
}

/** The real API sends the list as `data`; the documentation gives it the column's own name (docs/intercom-api.md 10). */
function attributesOfType({ ticket_type_attributes: text }: Row): readonly Definition[] {
  const value: JsonValue = typeof text === 'string' ? JSON.parse(text) : null;
  const items = isJsonObject(value) ? (value.data ?? value.ticket_type_attributes) : value;
  return Array.isArray(items) ? items.filter(isJsonObject).flatMap(definitionOf) : [];
}

const ofTicketTypes = (rows: readonly Row[]): Attributes => ({
  tickets: oncePerName(rows.flatMap(attributesOfType)),
});

const READERS: Readonly<Partial<Record<ObjectName, (rows: readonly Row[]) => Attributes>>> = {
  data_attributes: ofDataAttributes,
  ticket_types: ofTicketTypes,
};

/**
 * What an object's rows define; null for an object that defines none.
 * @param rows its current state, as in its files
 */
export const attributesOf = (object: ObjectName): ((rows: readonly Row[]) => Attributes) | null =>
  READERS[object] ?? null;
