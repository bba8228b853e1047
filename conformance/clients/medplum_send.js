// Sends one message with npm @medplum/hl7 and prints the acknowledgement's MSA-1 and MSA-2.
const { readFileSync } = require('node:fs');
const { Hl7Message } = require('@medplum/core');
const { Hl7Client } = require('@medplum/hl7');

async function main([host, port, path]) {
  const client = new Hl7Client({ host, port: Number(port) });
  const message = Hl7Message.parse(readFileSync(path, 'utf8'));
  const answer = await client.sendAndWait(message);
  const msa = answer.getSegment('MSA');
  console.log(msa.getField(1).toString(), msa.getField(2).toString());
  await client.close();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
