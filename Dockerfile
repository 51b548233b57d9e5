# Builds and tests kvstash, then ships one program on a small base.
#
#   docker build -t kvstash .
#   docker run -p 6379:6379 -p 9121:9121 -v kvstash:/data kvstash
#   docker run -p 6379:6379 -p 9121:9121 -v kvstash:/data kvstash --appendonly yes
#   docker run --rm -v kvstash:/data --entrypoint kvstash-check-rdb kvstash dump.rdb
#
# `docker build --target test .` runs the tests.

FROM debian:bookworm AS build
WORKDIR /kvstash
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY utils/install-deps utils/install-deps
RUN utils/install-deps build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make server \
  && strip --strip-debug build/kvstash \
  && mkdir -p /ship/usr/local/bin /ship/libs \
  && cp build/kvstash /ship/usr/local/bin/ \
  # The packages that own the libraries it is linked with.
  && ldd build/kvstash | awk '$3 ~ /^\// {print $3}' | xargs -n 1 readlink -f | sort -u > /ship/libs/paths \
  && while read -r path; do dpkg -S "$path" "${path#/usr}" 2>/dev/null || true; done < /ship/libs/paths \
    | cut -d : -f 1 | sort -u > /ship/libs/packages

FROM build AS test
RUN utils/install-deps build test && make test

FROM debian:bookworm-slim
COPY --from=build /ship/libs/packages /tmp/packages
RUN apt-get update \
  && xargs apt-get install -y --no-install-recommends < /tmp/packages \
  && rm -rf /var/lib/apt/lists/* /tmp/packages \
  && groupadd --system --gid 999 kvstash \
  && useradd --system --uid 999 --gid kvstash --home-dir /data --no-create-home kvstash \
  && install -d -o kvstash -g kvstash /data
COPY --from=build /ship/usr/local/bin/kvstash /usr/local/bin/kvstash
# People and probes that know Redis find what they call.
RUN for name in kvstash-check-aof kvstash-check-rdb \
    redis-server redis-check-aof redis-check-rdb; do ln -s kvstash /usr/local/bin/$name; done
USER kvstash
# Snapshots and the append-only file live in the working directory.
WORKDIR /data
VOLUME /data
EXPOSE 6379 9121
# PONG, or an answer that says the server is up but loading or without its primary.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD \
  ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/6379 && printf 'PING\\r\\n' >&3 && read -r -t 2 line <&3 && [[ $line == +PONG* || $line == -LOADING* || $line == -MASTERDOWN* || $line == -NOAUTH* ]]"]
ENTRYPOINT ["kvstash", "--metrics-port", "9121", "--bind", "0.0.0.0", "--protected-mode", "no"]
