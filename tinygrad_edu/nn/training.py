"""Train by the textbook's algorithm 4.1: stochastic gradient descent by backpropagation, with early stopping."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.arguments import count, function, instance, listed, not_negative
from tinygrad_edu.engine import Value
from tinygrad_edu.nn.data import Examples, check_examples, mini_batches
from tinygrad_edu.nn.losses import Loss, empirical_risk, l2_penalty, mean
from tinygrad_edu.nn.modules import Module, Seed, generator_of
from tinygrad_edu.nn.optim import Adam, Decay, Optimizer
from tinygrad_edu.nn.progress import Progress
from tinygrad_edu.operators import number_in
from tinygrad_edu.static import static_graph
from tinygrad_edu.static.graph import StaticGraph
from tinygrad_edu.words import say

Graph: TypeAlias = "StaticGraph | None"
SHOWN_EPOCHS = 20  # of a history that is printed
FAR_ABOVE = 1000.0  # times the first loss, and 1 more: training has diverged, though no float has overflowed


class Epoch(NamedTuple):
    """Record one pass through the training examples."""

    number: int
    loss: float  # the mean over its mini-batches, each before its update
    error: float | None  # the validation error after its last update

    def __str__(self) -> str:
        loss = say("loss", loss=decimal(self.loss))
        return loss if self.error is None else say("validation error", loss=loss, error=decimal(self.error))


def decimal(x: float) -> str:
    """Write a number with four decimals, or with four digits if that would be too long, or nothing but zeros."""
    return f"{x:.4f}" if 1e-3 <= abs(x) < 1e6 or x == 0.0 else f"{x:.4g}"


class History:
    """Record training: its epochs, the best (of the lowest validation error; else the last), and why it ended."""

    def __init__(self, parameters: Sequence[Value] = ()) -> None:
        self.epochs: list[Epoch] = []
        self.ending = ""
        self.parameters = parameters
        self.keep(0)

    def append(self, epoch: Epoch) -> None:
        """Add an epoch. If it is the best, keep the parameters of now."""
        self.epochs.append(epoch)
        if epoch.error is None or not self.best or epoch.error < self.lowest_error:
            self.keep(epoch.number)

    def keep(self, epoch: int) -> None:
        """Keep the parameters of an epoch, and its number, in one assignment: an interrupt comes before it or after."""
        self.kept = epoch, [parameter.data for parameter in self.parameters]

    def restore(self) -> None:
        """Give the parameters the numbers of the best epoch, or those from before training."""
        for parameter, number in zip(self.parameters, self.kept[1], strict=True):
            parameter.data = number

    @property
    def best(self) -> int:
        """Return the number of the best epoch; 0 before there is one."""
        return self.kept[0]

    def outcome(self) -> str:
        """Say how training has ended that nothing has stopped: well, or far above its first loss."""
        first, last = self.epochs[0].loss, self.epochs[-1].loss
        if last > FAR_ABOVE * abs(first) + 1.0:
            return say("diverged", first=decimal(first), last=decimal(last))
        return say("all done", epochs=len(self.epochs))

    @property
    def lowest_error(self) -> float:
        """Return the validation error of the best epoch; nan before there is one."""
        error = self.epochs[self.best - 1].error if self.best else None
        return math.nan if error is None else error

    def __str__(self) -> str:
        """Return a line for each epoch, or every so many, and how training ended."""
        every = -(-len(self.epochs) // SHOWN_EPOCHS)  # rounded up
        width = len(str(len(self.epochs)))
        shown = [epoch for epoch in self.epochs if epoch.number % every == 0 or epoch.number in (1, self.best)]
        lines = [say("epoch", epoch=f"{epoch.number:{width}}", result=epoch) for epoch in shown]
        return "\n".join([*lines, self.ending])

    def __repr__(self) -> str:
        last = say("epoch", epoch=len(self.epochs), result=self.epochs[-1]) if self.epochs else "no epoch"
        return f"<History: {last}{self.ending and '; '}{self.ending}>"


def fit(
    model: Module, loss: Loss, train: Examples, validation: Examples | None = None, *,
    optimizer: Optimizer | None = None, decay: Decay | None = None, epochs: int = 100, batch_size: int = 32,
    l2: float = 0.0, patience: int = 10, error: Loss | None = None, seed: Seed = None, progress: bool = True,
    static: bool = False,
) -> History:  # fmt: skip
    """Train a model, leave it with its best parameters, and return how it got there.

    Source: NNDL, algorithm 4.1: repeat { shuffle the training examples; for each mini-batch go forward, go backward,
    update the parameters } until the validation error no longer falls.

    model       called with one input of `train`
    loss        of (the model's output, a target): its mean over a mini-batch is made small, plus ½ · l2 · ‖W‖²
    train       (inputs, targets)
    validation  (inputs, targets) held out; after `patience` epochs without a new lowest error training stops
    optimizer   without one, Adam(model.parameters(), lr=0.01)
    decay       a schedule of that optimiser's learning rate, advanced after each epoch
    error       what is measured on `validation`, its mean; without it, the loss
    seed        of the shuffling: the same seed, from the same parameters, gives the same bits
    progress    show the epoch, the loss, the validation error and the time left while it runs
    static      with a static graph of one example's loss: the same, but for rounding, and many times faster. A class
                as target must be a list, `one_hot(k, n_classes)`

    However it ends, also by Ctrl-C, the parameters are those of the best epoch; without `validation`, the last whole
    one. Raises FloatingPointError, which says what to try, when a loss, gradient or parameter is infinite or nan.

    >>> from tinygrad_edu.nn import MLP, binary_cross_entropy, xor
    >>> model = MLP(2, [4, 1], activation="tanh", seed=0)
    >>> history = fit(model, binary_cross_entropy, xor(), epochs=300, seed=0, progress=False)
    >>> [model(x).data > 0 for x in xor()[0]]
    [False, True, True, False]
    """
    train = examples("train", train)
    validation = None if validation is None else examples("validation", validation)
    epochs, batch_size, patience = count("epochs", epochs), count("batch_size", batch_size), count("patience", patience)
    l2, error = not_negative("l2", l2), loss if error is None else error
    optimizer, generator = check_arguments(model, loss, error, optimizer, decay, l2), generator_of(seed)
    graph = static_risk(model, loss, train[0][0], train[1][0]) if static else None
    history, shown, number = History(model.parameters()), Progress(epochs, progress), 1
    try:
        for number in range(1, epochs + 1):
            batches = shown.watch(list(mini_batches(*train, batch_size, generator)))
            training_loss = train_epoch(model, loss, batches, optimizer, l2, graph)
            validation_error = mean_error(model, error, *validation) if validation else None
            history.append(Epoch(number, training_loss, validation_error))
            shown.epoch_done(history.epochs[-1])
            if number - history.best == patience:
                history.ending = say("stopped", patience=patience)
                break
            if decay:
                decay.step()
    except KeyboardInterrupt:
        history.ending = say("interrupted", epoch=number)
    except (FloatingPointError, OverflowError) as failure:
        advice = f"a smaller learning rate (it was {optimizer.lr:g}), standardised inputs, or smaller initial weights"
        raise FloatingPointError(f"training diverged in epoch {number}: {failure}; try {advice}") from failure
    finally:
        history.restore()
        shown.close()
    history.ending = say("parameters of", ending=history.ending or history.outcome(), best=history.best)
    shown.line(history.ending)
    return history


def examples(name: str, given: Any) -> Examples:
    """Return (inputs, targets) as two lists, with lists in place of numpy's arrays, or raise as `check_examples`."""
    parts = listed(name, given)
    if len(parts) != 2:
        raise ValueError(f"{name} must be two lists, (inputs, targets), got {len(parts)}")
    found = check_examples(parts[0], parts[1], f"{name}[0]", f"{name}[1]")
    inputs, targets = ([x.tolist() if hasattr(x, "tolist") else x for x in part] for part in found)
    return inputs, targets


def check_arguments(model: Any, loss: Any, error: Any, optimizer: Any, decay: Any, l2: float) -> Optimizer:
    """Return the optimiser for `fit`. Raises TypeError or ValueError if it cannot use what it is given."""
    weights = instance("model", model, Module).weights()
    function("loss", loss)
    function("error", error)
    if optimizer is None:
        optimizer = Adam(model.parameters(), lr=0.01)
    if decay is not None and instance("decay", decay, Decay).optimizer is not optimizer:
        raise ValueError("decay is the schedule of another optimizer than the one given")
    if l2 and not weights:
        raise ValueError(f"l2={l2} would do nothing: the model has no weights, only biases")
    return instance("optimizer", optimizer, Optimizer)


def train_epoch(
    model: Module, loss: Loss, batches: Iterable[Examples], optimizer: Optimizer, l2: float, static: Graph = None
) -> float:
    """Update once per mini-batch, to lower mean loss + ½ · l2 · ‖W‖²; return the mean of all losses before updates."""
    total, n_examples = 0.0, 0
    for batch in batches:
        optimizer.zero_grad()
        if l2:
            l2_penalty(model.weights(), l2).backward()
        n = len(batch[0])
        if static:  # from the last example to the first, as `backward`: a parameter used once in each has the same bits
            batch_loss = static.batch([(x, y, n) for x, y in zip(*batch, strict=True)][::-1])
        else:
            risk = empirical_risk(model, loss, *batch)
            batch_loss = float(risk.data)
            if math.isfinite(batch_loss):
                risk.backward()
        if not math.isfinite(batch_loss):
            raise FloatingPointError(f"the loss is {batch_loss}")
        optimizer.step()
        total, n_examples = total + batch_loss * n, n_examples + n
    for parameter in optimizer.parameters:  # an overflow in an update is seen in the next loss, but for the last
        if not math.isfinite(parameter.data):
            raise FloatingPointError(f"{parameter.label or 'a parameter'} is {parameter.data}")
    return total / n_examples


def static_risk(model: Module, loss: Loss, x: Any, y: Any) -> StaticGraph:
    """Return what one example adds to the mean loss of n, as a static graph. Raises TypeError if none is possible."""
    static = static_graph(lambda inputs, target, n: loss(model(inputs), target) / n, model.parameters())
    try:
        static.program((x, y, 1.0))
    except TypeError as error:
        reason = f"static=True is not possible: {error}. A class as target must be a list, one_hot(k, n_classes)"
        raise TypeError(reason) from error
    return static


def mean_error(model: Module, error: Loss, inputs: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return the mean of error(model(x), y) over examples. Raises FloatingPointError if it is nan or infinite."""
    found: float = mean([number_in(error(model(x), y)) for x, y in zip(inputs, targets, strict=True)])
    if not math.isfinite(found):
        raise FloatingPointError(f"the validation error is {found}")
    return found
