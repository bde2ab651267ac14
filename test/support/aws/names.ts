import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

export const BUCKET = 'lake-bucket';

export const TABLE = {
  TableName: 'states',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
} as const satisfies CreateTableCommandInput;
