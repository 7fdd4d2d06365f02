// SPDX-License-Identifier: Apache-2.0
// Sends messages over many sessions at once, each with a window of its own, and so many in one write that messages lie across the borders
// of segments. Prints what became of them as one JSON object.
// Usage: node smpp_streams.js HOST PORT SESSIONS FILE     FILE: one JSON object {id, from, to, text, long} a line; `to` a list: submit_multi
const fs = require('fs');
const smpp = require('smpp');

const [host, port, sessionCount, file] = process.argv.slice(2);
const messages = fs.readFileSync(file, 'utf8').split('\n').filter((line) => line).map((line) => JSON.parse(line));
const result = {statuses: {}, ended: 0, closedEarly: 0, errors: []};
let next = 0;

for (let i = 0; i < Number(sessionCount); ++i) run(i);
process.on('SIGTERM', () => {
  result.errors.push('ended from outside');
  say();
});

function say() {
  fs.writeSync(1, JSON.stringify(result) + '\n');
  process.exit(0);
}

function optionsOf(message) {
  const options = {source_addr_ton: 1, source_addr_npi: 1, source_addr: message.from, registered_delivery: 1,
    data_coding: /^[\x20-\x7e]*$/.test(message.text) ? 1 : 8};
  if (Array.isArray(message.to)) {
    options.dest_address = message.to.map((to) => ({dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to}));
  } else {
    Object.assign(options, {dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: message.to});
  }
  options[message.long ? 'message_payload' : 'short_message'] = message.text;
  return options;
}

function run(number) {
  const window = 4 + 6 * (number % 12);
  const corks = number % 3 !== 0;  // all that fits the window in one write; else one write for each message
  let open = 0;
  let finished = false;
  const session = smpp.connect({url: `smpp://${host}:${port}`, auto_enquire_link_period: 1000}, () => {
    session.bind_transceiver({system_id: `esme${number}`, password: 'secret'}, (pdu) => {
      if (pdu.command_status !== 0) return end(`bind refused: ${pdu.command_status}`);
      send();
    });
  });
  session.on('error', (error) => end(String(error)));
  session.on('close', () => {
    if (!finished) result.closedEarly += 1;
    end('the session was closed');
  });

  function send() {
    if (corks) session.socket.cork();
    while (open < window && next < messages.length) {
      const message = messages[next++];
      open += 1;
      session[Array.isArray(message.to) ? 'submit_multi' : 'submit_sm'](optionsOf(message), (pdu) => {
        open -= 1;
        (result.statuses[message.id] = result.statuses[message.id] || []).push(pdu.command_status);
        if (open <= window / 2) send();
      });
    }
    if (corks) session.socket.uncork();
    if (next === messages.length && open === 0) session.unbind({}, () => end(''));
  }

  function end(error) {
    if (finished) return;
    finished = true;
    if (error) result.errors.push(error);
    session.destroy();
    if (++result.ended === Number(sessionCount)) say();
  }
}
