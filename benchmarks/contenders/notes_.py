"""The notes' loops, written as the notes write them: plain NumPy, every product anew at every iteration."""

from __future__ import annotations

import numpy as np

from workloads import Outcome, Work


def full_batch(work: Work) -> Outcome:
    """Logistic regression, the network of one tanh layer, or the deep one."""
    spec = work.spec
    model = _logistic if spec.L == 1 else _shallow if spec.hidden == "tanh" else _deep
    parameters, costs = model(
        work.X, work.Y, work.start(), spec.iterations, spec.learning_rate, spec.record_every
    )
    return Outcome(parameters, costs)


# Logistic regression


def propagate(w, b, X, Y):
    """Return the gradients and the cost."""
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(np.dot(w.T, X) + b)))
    cost = -(1 / m) * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dw = (1 / m) * np.dot(X, (A - Y).T)
    db = (1 / m) * np.sum(A - Y)
    return {"dw": dw, "db": db}, np.squeeze(cost)


def _logistic(X, Y, parameters, num_iterations, learning_rate, every):
    w, b = parameters["W1"].T, float(parameters["b1"].item())
    costs = []
    for i in range(num_iterations):
        grads, cost = propagate(w, b, X, Y)
        w = w - learning_rate * grads["dw"]
        b = b - learning_rate * grads["db"]
        if i % every == 0:
            costs.append(float(cost))
    return {"W1": w.T, "b1": np.array([[b]])}, costs


# One hidden layer


def forward_propagation(X, parameters):
    """Return A2 and the cache."""
    Z1 = np.dot(parameters["W1"], X) + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = np.dot(parameters["W2"], A1) + parameters["b2"]
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def shallow_cost(A2, Y):
    """Return the cross-entropy cost."""
    m = Y.shape[1]
    logprobs = np.multiply(np.log(A2), Y) + np.multiply((1 - Y), np.log(1 - A2))
    return float(np.squeeze(-(1 / m) * np.sum(logprobs)))


def backward_propagation(parameters, cache, X, Y):
    """Return the gradients."""
    m = X.shape[1]
    W2, A1, A2 = parameters["W2"], cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def _shallow(X, Y, parameters, num_iterations, learning_rate, every):
    costs = []
    for i in range(num_iterations):
        A2, cache = forward_propagation(X, parameters)
        cost = shallow_cost(A2, Y)
        grads = backward_propagation(parameters, cache, X, Y)
        parameters = update_parameters(parameters, grads, learning_rate)
        if i % every == 0:
            costs.append(cost)
    return parameters, costs


# L layers


def linear_activation_forward(A_prev, W, b, activation):
    """Return A and its cache."""
    Z = np.dot(W, A_prev) + b
    A = 1 / (1 + np.exp(-Z)) if activation == "sigmoid" else np.maximum(0, Z)
    return A, ((A_prev, W, b), Z)


def L_model_forward(X, parameters):
    """Return AL and the caches."""
    caches = []
    A = X
    L = len(parameters) // 2
    for layer in range(1, L):
        W, b = parameters["W" + str(layer)], parameters["b" + str(layer)]
        A, cache = linear_activation_forward(A, W, b, "relu")
        caches.append(cache)
    AL, cache = linear_activation_forward(A, parameters["W" + str(L)], parameters["b" + str(L)], "sigmoid")
    caches.append(cache)
    return AL, caches


def compute_cost(AL, Y):
    """Return the cross-entropy cost."""
    m = Y.shape[1]
    cost = -(1 / m) * (np.dot(Y, np.log(AL).T) + np.dot(1 - Y, np.log(1 - AL).T))
    return np.squeeze(cost)


def linear_activation_backward(dA, cache, activation):
    """Return dA_prev, dW, db."""
    (A_prev, W, _), Z = cache
    m = A_prev.shape[1]
    if activation == "relu":
        dZ = np.array(dA, copy=True)
        dZ[Z <= 0] = 0
    else:
        s = 1 / (1 + np.exp(-Z))
        dZ = dA * s * (1 - s)
    dW = (1 / m) * np.dot(dZ, A_prev.T)
    db = (1 / m) * np.sum(dZ, axis=1, keepdims=True)
    return np.dot(W.T, dZ), dW, db


def L_model_backward(AL, Y, caches):
    """Return the gradients, the input's dA0 too."""
    grads = {}
    L = len(caches)
    dA = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    for layer in reversed(range(L)):
        activation = "sigmoid" if layer == L - 1 else "relu"
        dA, dW, db = linear_activation_backward(dA, caches[layer], activation)
        grads["dA" + str(layer)] = dA
        grads["dW" + str(layer + 1)] = dW
        grads["db" + str(layer + 1)] = db
    return grads


def update_parameters(parameters, grads, learning_rate):
    """Return the parameters after one step of gradient descent."""
    for layer in range(1, len(parameters) // 2 + 1):
        for name in ("W" + str(layer), "b" + str(layer)):
            parameters[name] = parameters[name] - learning_rate * grads["d" + name]
    return parameters


def _deep(X, Y, parameters, num_iterations, learning_rate, every):
    costs = []
    for i in range(num_iterations):
        AL, caches = L_model_forward(X, parameters)
        cost = compute_cost(AL, Y)
        grads = L_model_backward(AL, Y, caches)
        parameters = update_parameters(parameters, grads, learning_rate)
        if i % every == 0:
            costs.append(float(cost))
    return parameters, costs
