// Node's socket.io for benchmarks/sockets.py: broadcasts as often as each line says.
const { Server } = require("socket.io");
const readline = require("node:readline");

const io = new Server({ pingInterval: 25000, pingTimeout: 20000, perMessageDeflate: false });
const alert = {
  sequence: 1, identifier: "8a3c0f6e-0d6b-4f0e-9f43-3f9b2f1c7a11", msg_type: "Alert",
  severity: "Severe", headline: "Hurricane warning for Barbados", description: "x".repeat(980),
};
io.on("connection", (socket) => {
  socket.on("follow", (wanted, answer) => {
    socket.join("BB");
    answer({ sequence: 0, missed: [] });
  });
});
io.listen(Number(process.argv[2]));
console.log("ready");
readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  for (let i = 0; i < Number(line); i++) {
    io.to("BB").emit("alert", alert);
    await new Promise(setImmediate);
  }
});
