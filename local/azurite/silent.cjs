// Azurite without its telemetry. It is told to send none (`--disableTelemetry`), but loads the
// library for it all the same, which is more than half of what its start takes.
// https://github.com/Azure/Azurite/blob/main/src/common/Telemetry.ts
const Module = require("module");

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === "applicationinsights" ? {} : load.call(this, request, ...rest);
};
