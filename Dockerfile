# Facets in a container, for machines without an NVIDIA card: docker build -t facets .
#
#   docker run --rm facets doctor
#   docker run --rm --device /dev/video0 --group-add video -v facets:/show -p 8600:8600 \
#       -e DISPLAY -v /tmp/.X11-unix:/tmp/.X11-unix facets --source 0 --set control.web.host=0.0.0.0
FROM python:3.12-slim-bookworm

# Software OpenGL and the letters of visitors' languages; everything else is in the wheels.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libegl1 libgl1-mesa-dri fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

# PyTorch's small build, which has no CUDA in it, and every package at the version of the locks. Before the program, so that a change of
# that does not bring them again.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock requirements-nodeps.lock ./
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --extra-index-url "$TORCH_INDEX" -r requirements.lock \
    && pip install --no-deps -r requirements-nodeps.lock

COPY . .
RUN sed -n -E 's/^((hatchling|pathspec|pluggy|packaging|trove-classifiers)==[^ ]+).*/\1/p' requirements-dev.lock > build.txt \
    && pip install --no-deps -r build.txt \
    && pip install --no-deps --no-build-isolation . \
    && rm -rf /build/*

# A user of its own, whose groups reach camera and graphics; /show holds presets, state, log and pictures.
RUN useradd --create-home --groups video,audio mirror \
    && mkdir /show \
    && chown mirror:mirror /show
USER mirror
WORKDIR /show
ENV FACETS_CACHE=/home/mirror/cache PYTHONUTF8=1 PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=-1 MALLOC_TOP_PAD_=268435456 MALLOC_ARENA_MAX=1

# Networks are converted now and not at the first start. Which engine is fastest is this machine's word; another one measures anew.
RUN facets setup-engines

VOLUME /show
EXPOSE 8600/tcp 9000/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=180s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/metrics', timeout=8).read()"]
ENTRYPOINT ["facets"]
