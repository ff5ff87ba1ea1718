// Follows one place with the official client and prints one line of JSON for each thing that
// happens. Commands come on stdin: "drop" breaks the connection, "back" makes it again.
const { io } = require("socket.io-client");
const readline = require("node:readline");

const [url, place, transport] = process.argv.slice(2);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const socket = io(url, { transports: [transport], reconnection: true, reconnectionDelay: 100 });
let seen = 0;

socket.on("connect", async () => {
  const answer = await socket.timeout(10000).emitWithAck("follow", {
    places: [place],
    language: "en",
    since: seen,
  });
  if (answer.error) return say({ error: answer.error });
  seen = answer.sequence;
  say({ following: answer.sequence, missed: answer.missed.map((alert) => alert.sequence) });
});
socket.on("alert", (alert) => {
  seen = alert.sequence;
  say({ alert: alert.sequence, headline: alert.headline });
});
socket.on("disconnect", (reason) => say({ disconnected: reason }));
socket.on("connect_error", () => {});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "cut") socket.io.engine.transport.ws?._socket?.destroy();
  if (line === "drop") socket.disconnect();
  if (line === "back") socket.connect();
  if (line === "end") process.exit(0);
});
