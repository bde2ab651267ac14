/** Serves the directory in its argument and prints the environment of its endpoints. It runs until it is killed. */
import { startEmbeddedAws } from '../../../lib/standins/aws/index.ts';
import { BUCKET, TABLE } from './names.ts';

const [directory = ''] = process.argv.slice(2);
const aws = await startEmbeddedAws({ directory });
await aws.createBucket(BUCKET);
await aws.createTable(TABLE);
process.stdout.write(`${JSON.stringify(aws.environment)}\n`);
