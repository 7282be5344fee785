"""Times in PyTorch what JDiT is timed on. JSON in, JSON out, one object a line."""

import json
import math
import sys
import time


def say(**reply):
    print(json.dumps(reply), flush=True)


try:
    import torch
    import torch.nn.functional as F
except ImportError as e:
    say(error=str(e))
    sys.exit()

parameters = []
precision = torch.float32


def autocast(compute):
    """A network in the precision that was asked for, its weights in float32."""
    mixed = precision != torch.float32
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed)(compute)


def weight(*shape):
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    parameters.append(torch.empty(shape).uniform_(-bound, bound))
    return parameters[-1]


def layer(into, *out_of):
    return weight(into, *out_of), weight(into)


def linear(m, k, n):
    x, *w = (v.to(precision) for v in (torch.randn(m, k), *layer(n, k)))
    return lambda: F.linear(x, *w)


def attention(batch, heads, tokens, head_size):
    size = batch, heads, tokens, head_size
    q, k, v = (torch.randn(size).to(precision) for _ in range(3))
    return lambda: F.scaled_dot_product_attention(q, k, v)


def network(rows, channels, latents, patch, width, depth, heads, hidden, labels, out_channels):
    grid = latents // patch
    patches, position = layer(width, channels, patch, patch), weight(1, grid * grid, width)
    time_in, time_out, table = layer(width, 256), layer(width, width), weight(labels, width)
    blocks = [
        (layer(3 * width, width), layer(width, width), layer(hidden, width), layer(width, hidden),
         layer(6 * width, width))
        for _ in range(depth)
    ]
    last_modulation, last = layer(2 * width, width), layer(patch * patch * out_channels, width)

    def modulated(h, shift, scale):
        normal = F.layer_norm(h, (width,), eps=1e-6)
        return normal * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)

    def block(h, c, qkv, proj, fc1, fc2, modulation):
        m = F.linear(c, *modulation).chunk(6, dim=1)
        split = F.linear(modulated(h, m[0], m[1]), *qkv).view(rows, -1, 3, heads, width // heads)
        mixed = F.scaled_dot_product_attention(*split.permute(2, 0, 3, 1, 4))
        mixed = F.linear(mixed.transpose(1, 2).reshape(h.shape), *proj)
        h = h + m[2].unsqueeze(1) * mixed
        inner = F.gelu(F.linear(modulated(h, m[3], m[4]), *fc1), approximate="tanh")
        return h + m[5].unsqueeze(1) * F.linear(inner, *fc2)

    def predict(x, t, y):
        h = F.conv2d(x, *patches, stride=patch).flatten(2).transpose(1, 2)
        h = h + position
        moment = F.linear(F.silu(F.linear(t, *time_in)), *time_out)
        c = F.silu(moment + F.embedding(y, table))
        for w in blocks:
            h = block(h, c, *w)
        out = F.linear(modulated(h, *F.linear(c, *last_modulation).chunk(2, dim=1)), *last)
        out = out.view(rows, grid, grid, patch, patch, out_channels).permute(0, 5, 1, 3, 2, 4)
        return out.reshape(rows, out_channels, latents, latents)

    return autocast(predict)


def forward(images, model, **sizes):
    rows, side, channels = 2 * images, sizes["latents"], sizes["channels"]
    predict = network(rows, **sizes)
    x, t = torch.randn(images, channels, side, side), torch.randn(rows, 256)
    y = torch.zeros(rows, dtype=torch.long)

    def run():
        yes, no = predict(torch.cat([x, x]), t, y).chunk(2)
        guided = no[:, :3] + 4 * (yes[:, :3] - no[:, :3])
        return torch.cat([guided, yes[:, 3:]], dim=1)

    return run


def train(images, model, **sizes):
    side, channels = sizes["latents"], sizes["channels"]
    predict = network(images, **sizes)
    average = [p.clone() for p in parameters]
    for p in parameters:
        p.requires_grad_(p.shape != (1, (side // sizes["patch"]) ** 2, sizes["width"]))
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0)
    x, noise = (torch.randn(images, channels, side, side) for _ in range(2))
    t, y = torch.randn(images, 256), torch.zeros(images, dtype=torch.long)
    kept, alpha, sigma, mean_x, mean_xt, low, high = (
        torch.rand(images, 1, 1, 1) * 0.5 + 0.1 for _ in range(7)
    )

    def cdf(v):
        return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))

    def bound(eps, share, xt):
        """The variational bound, of all timesteps but the first by its KL, of that by its likelihood."""
        share = (share + 1) / 2
        log_variance = share * high + (1 - share) * low
        mean = mean_x * (xt - sigma * eps) / kept + mean_xt * xt
        true_mean = mean_x * x + mean_xt * xt
        kl = -1 + log_variance - low + torch.exp(low - log_variance)
        kl = 0.5 * (kl + (true_mean - mean) ** 2 * torch.exp(-log_variance))
        inverse, centred = torch.exp(-0.5 * log_variance), x - mean
        plus, minus = cdf(inverse * (centred + 1 / 255)), cdf(inverse * (centred - 1 / 255))
        inner = torch.where(x > 0.999, (1 - minus).clamp(min=1e-12).log(),
                            (plus - minus).clamp(min=1e-12).log())
        nll = -torch.where(x < -0.999, plus.clamp(min=1e-12).log(), inner)
        return torch.where(alpha == 0, nll, kl).mean(dim=(1, 2, 3)) / math.log(2)

    def run():
        xt = kept * x + sigma * noise
        eps, share = predict(xt, t, y).chunk(2, dim=1)
        mse = ((noise - eps) ** 2).mean(dim=(1, 2, 3))
        loss = (mse + bound(eps.detach(), share, xt)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for mean, p in zip(average, parameters):
                mean.mul_(0.9999).add_(p, alpha=1e-4)
        return loss

    return run


def decode(images, latents, latent_channels, block_channels, layers, groups, out_channels):
    channels = block_channels[::-1]
    top = channels[0]

    def norm(c):
        return weight(c), weight(c)

    def resnet(c, to):
        shortcut = layer(to, c, 1, 1) if c != to else None
        return norm(c), layer(to, c, 3, 3), norm(to), layer(to, to, 3, 3), shortcut

    first, conv_in = layer(latent_channels, latent_channels, 1, 1), layer(top, latent_channels, 3, 3)
    mid = resnet(top, top), norm(top), [layer(top, top) for _ in range(4)], resnet(top, top)
    ups = []
    for i, to in enumerate(channels):
        before = channels[max(i - 1, 0)]
        resnets = [resnet(before if j == 0 else to, to) for j in range(layers + 1)]
        ups.append((resnets, layer(to, to, 3, 3) if i + 1 < len(channels) else None))
    norm_out, conv_out = norm(channels[-1]), layer(out_channels, channels[-1], 3, 3)
    z = torch.randn(images, latent_channels, latents, latents)

    def normal(h, n):
        return F.group_norm(h, groups, *n, eps=1e-6)

    def residual(h, norm1, conv1, norm2, conv2, shortcut):
        inner = F.conv2d(F.silu(normal(h, norm1)), *conv1, padding=1)
        inner = F.conv2d(F.silu(normal(inner, norm2)), *conv2, padding=1)
        return inner + (h if shortcut is None else F.conv2d(h, *shortcut))

    def run():
        h = F.conv2d(F.conv2d(z, *first), *conv_in, padding=1)
        before, attention_norm, (to_q, to_k, to_v, to_out), after = mid
        h = residual(h, *before)
        tokens = normal(h, attention_norm).flatten(2).transpose(1, 2)
        q, k, v = (F.linear(tokens, *w).unsqueeze(1) for w in (to_q, to_k, to_v))
        mixed = F.linear(F.scaled_dot_product_attention(q, k, v).squeeze(1), *to_out)
        h = residual(h + mixed.transpose(1, 2).reshape(h.shape), *after)
        for resnets, up in ups:
            for r in resnets:
                h = residual(h, *r)
            if up is not None:
                h = F.conv2d(F.interpolate(h, scale_factor=2.0, mode="nearest"), *up, padding=1)
        return F.conv2d(F.silu(normal(h, norm_out)), *conv_out, padding=1)

    return autocast(run)


def prepare(operation, threads, dtype, **sizes):
    global precision
    precision = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    parameters.clear()
    torch.set_num_threads(threads)
    makers = {f.__name__: f for f in (linear, attention, forward, train, decode)}
    return makers[operation](**sizes)


def seconds(run, times):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return taken


def answer_all():
    run, inference = None, True
    for line in sys.stdin:
        request = json.loads(line)
        inference = request.get("operation", "" if inference else "train") != "train"
        with torch.inference_mode(inference):
            if "runs" in request:
                say(seconds=seconds(run, request["runs"]))
            else:
                run = None  # what it holds is freed before the next is made
                run = prepare(dtype=request.pop("precision"), **request)
                say(parameters=sum(p.numel() for p in parameters))


say(torch=torch.__version__)
try:
    answer_all()
except Exception as e:
    say(error=f"{type(e).__name__}: {e}")
