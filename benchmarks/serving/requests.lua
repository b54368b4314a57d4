-- Sends whole requests from a file, each once and in order, again from the first when they run out. The file holds each
-- with its length in front, as decimal digits and a line break. Prints one line of JSON at the end.
local requests, number = {}, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  while true do
    local size = file:read("*n")
    if not size then break end
    file:read(1)
    requests[#requests + 1] = file:read(size)
  end
  file:close()
end

function request()
  number = number + 1
  return requests[(number - 1) % #requests + 1]
end

function done(summary, latency, _)
  io.write(string.format(
    '\nJSON {"requests": %d, "seconds": %.3f, "p50": %.3f, "p90": %.3f, "p99": %.3f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, summary.errors.connect + summary.errors.read + summary.errors.status
    + summary.errors.timeout + summary.errors.write))
end
