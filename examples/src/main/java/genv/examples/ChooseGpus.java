// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.Genv;
import genv.api.PlacementCandidate;
import genv.api.PlacementPolicy;

/** Choosing which devices to be given. */
public final class ChooseGpus {
    private ChooseGpus() {}

    /** Asks for two devices that nobody else uses and that are connected closely, then for one of an own choice. */
    public static void main(String[] args) {
        EnvConfig two = EnvConfig.builder().gpus(2).build();
        PlacementPolicy quietAndClose = PlacementPolicy.avoidOutsiders().then(PlacementPolicy.closestTogether());
        try (Activation env = Genv.activate(ActivationRequest.of(two).placement(quietAndClose))) {
            System.out.println("close together: " + env.devices());
        }

        // A policy of one's own: the highest indices, so that the lowest stay free for interactive work.
        PlacementPolicy highest = question -> question.candidates().reversed().stream()
                .limit(question.missing())
                .map(PlacementCandidate::index)
                .toList();
        EnvConfig one = EnvConfig.builder().gpus(1).build();
        try (Activation env = Genv.activate(ActivationRequest.of(one).placement(highest))) {
            System.out.println("highest: " + env.devices());
        }
    }
}
