import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';

const POLL_MS = 2;
const POLLS = 1_000;

/** Creates a table unless it exists, and waits until it is active. */
export async function createTable(
  endpoint: string,
  { accessKeyId, region }: { readonly accessKeyId: string; readonly region: string },
  input: CreateTableCommandInput,
): Promise<void> {
  const credentials = { accessKeyId, secretAccessKey: 'local' };
  // Explicit, because the environment may hold the user's settings for the real AWS.
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
  });
  try {
    await client.send(new CreateTableCommand(input)).catch((error: unknown) => {
      if (!(error instanceof ResourceInUseException)) throw error;
    });
    for (let polls = 0; polls < POLLS; polls++) {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: input.TableName }));
      if (Table?.TableStatus === 'ACTIVE') return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`The table ${input.TableName} did not become active.`);
  } finally {
    client.destroy();
  }
}
