/** The controller of a cell: hands out tickets for the plan named, on port 4786 of every address, until it is killed. */
import { readPlan, serveIssuer } from '../../../src/agent/index.ts';
import { logger } from '../../../src/host/index.ts';

const [, , file, site] = process.argv;
const { plan } = readPlan(file as string, site as string, process.env);
const service = await serveIssuer({ plan, host: '0.0.0.0', port: 4786, first: true, log: logger() });
console.log(`tickets at ${service.url}`);
